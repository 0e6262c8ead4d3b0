"""Advice on a model whose posterior nobody knows: which draws to use, and how far to trust them.

There is no truth to compare with. What can be had instead is a pilot and four families of samplers that
share nothing but the density: a chain (`nuts`), a tempered particle method (`smc`), a path sampler (`dds`)
and a Gaussian fit (`pathfinder`), or parallel tempering where the pilot has seen several basins.

- `pilot` looks at the density itself: its gradient against finite differences, its modes from starts near
  and far, its scale, conditioning and tails, and what a gradient costs.
- `plan` chooses families, their sizes and the base by what the pilot has seen.
- `families` runs one family, as long as its share of the time lasts, by the compiled steps of `programs`.
  `race` gives every family a process of its own with limits, because a model is a stranger's code; `worker`
  is that process.
- `family_scores` computes scores of one family that need no truth, each with its error: R-hat, effective
  sizes, Pareto k, Stein's identities, the shape of the tails, bounds of log Z.
- `summaries` and `agreement` compare means, standard deviations and quantiles of two families by the rule of
  `references`: three combined standard errors, and an imprecise estimate confirms nothing.
- `rules` has one small function for everything that can be wrong, which returns a sentence or None, and
  `objections` what can be wrong with all of it together, such as a mode without draws.
- `verdict` applies them. Draws are trusted only if the pilot has no complaint, the chains and another
  family pass their own rules, all families that pass agree, and no family that fails has seen more than the
  draws cover. Whatever cannot be judged counts against trust.
- `trial` counts how often the verdict is wrong on random traps and easy posteriors, and `trial_targets`
  compares the answers on registered targets with their truths.
- `answer` puts the verdict into words, a table and a script that runs the chosen sampler alone.

What no part can see is a mode that no start of the pilot and no family has come near. The answer therefore
says how far the pilot has looked.
"""
