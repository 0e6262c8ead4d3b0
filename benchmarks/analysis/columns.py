"""The columns of all tables: every name is spelt once here, beside its meaning in words.

The row table has a line per stored row, the summary table a line per sampler, target and setting, and the
tables of curves a line per point and a line per curve. A metric is None where it has no meaning, and NaN
where it was tried and failed.
"""

from typing import Final

MEANINGS: Final[dict[str, str]] = {}  # by the name of the column, for the pages that explain columns


def _column(name: str, meaning: str) -> str:
    MEANINGS[name] = meaning
    return name


# Row table: the fields of a stored row.
IDENTITY: Final = _column("identity", "hash of everything that determines the numbers of the row")
SAMPLER: Final = _column("sampler", "name of the sampler")
CONFIG: Final = _column("config", "settings of the sampler, as printed")
SOURCE: Final = _column("source", "hash of the sampler's code")
TARGET: Final = _column("target", "name of the target")
TARGET_VERSION: Final = _column("target_version", "version of the target's definition")
FINGERPRINT: Final = _column("fingerprint", "hash of the target's density at fixed points")
DIM: Final = _column("dim", "dimension of the target")
SEED: Final = _column("seed", "number of the repetition of fitting and drawing")
DRAWS: Final = _column("draws", "number of draws that were asked for")
STATUS: Final = _column("status", "how the run ended: ok, unsupported, failed, timeout or out of memory")
REASON: Final = _column("reason", "why the status is not ok")
BUDGET: Final = _column("budget", "what fitting and drawing may spend together; None without a budget")
BUDGET_UNIT: Final = _column("budget_unit", "unit of the budget: gradients or seconds")
MET_BY: Final = _column("met_by", "what was run to spend the budget")
NOTE: Final = _column("note", "why the budget was missed")
COMPILE_SECONDS: Final = _column("compile_seconds", "wall seconds to compile, once for all seeds of a cell")
FIT_SECONDS: Final = _column("fit_seconds", "wall seconds to fit")
SAMPLE_SECONDS: Final = _column("sample_seconds", "wall seconds to sample the first set of draws")
STEADY_SECONDS: Final = _column("steady_seconds", "median wall seconds to sample each further set of draws")
PEAK_MEMORY_MB: Final = _column("peak_memory_mb", "largest resident memory of the process, in megabytes")
DEVICE: Final = _column("device", "processor of the run; None where the run was killed")
CORES: Final = _column("cores", "number of cores of the run")
PRECISION: Final = _column("precision", "floating-point type of the run")
FLAGS: Final = _column("flags", "flags of the compiler XLA")
TARGET_HASH: Final = _column("target_hash", "hash of the target's code, data and values")
COMMIT: Final = _column("commit", "commit of the benchmark")
STARTED: Final = _column("started", "when the run started")
TRUE_LOG_Z: Final = _column("true_log_z", "log Z that the row was judged by")
TRUE_LOG_Z_ERROR: Final = _column("true_log_z_error", "standard error of that log Z")
MACHINE: Final = _column("machine", "model of the processor, and driver of a GPU")
LOAD: Final = _column("load", "processes that were ready to run per core of the machine, at the start")
ORIGIN: Final = _column(
    "origin", "who ran the row: measured here, sent in, or sent in and rerun; None for one's own rows"
)
USES_EXACT_DRAWS: Final = _column("uses_exact_draws", "whether the sampler was handed exact draws")
EXTERNAL: Final = _column("external", "whether another program drew, which counted its own evaluations")
SCHEMA: Final = _column("schema", "version of the stored format")

# Row table: metrics of the first set of draws.
LOG_Z: Final = _column("log_z", "estimate of log Z")
LOG_Z_ERROR: Final = _column("log_z_error", "signed error of the estimate of log Z")
LOG_Z_FORWARD: Final = _column(
    "log_z_forward", "estimate of log Z by paths that run backwards from exact draws"
)
ELBO: Final = _column("elbo", "mean log weight, a lower bound of log Z")
ELBO_GAP: Final = _column("elbo_gap", "log Z − mean log weight, which is KL(sampler ∥ target)")
EUBO: Final = _column(
    "eubo", "mean log weight of paths that run backwards from exact draws, an upper bound of log Z"
)
EUBO_GAP: Final = _column("eubo_gap", "EUBO − log Z, which is KL(target ∥ sampler)")
IMPORTANCE_ESS: Final = _column("importance_ess", "Kish's effective sample size of the weights")
IMPORTANCE_ESS_FRACTION: Final = _column(
    "importance_ess_fraction", "Kish's effective sample size of the weights over the number of draws"
)
FORWARD_ESS_FRACTION: Final = _column(
    "forward_ess_fraction",
    "Kish's share of the draws, estimated by paths that run backwards from exact draws",
)
PARETO_K: Final = _column("pareto_k", "Pareto k of the weights; above 0.7 their mean is not to be trusted")
ESS_BULK_MIN: Final = _column(
    "ess_bulk_min", "bulk effective sample size of the worst coordinate of Markov chains"
)
ESS_X2_MIN: Final = _column(
    "ess_x2_min", "bulk effective sample size of x² of the worst coordinate of Markov chains"
)
R_HAT_MAX: Final = _column("r_hat_max", "rank-normalised split R-hat of the worst coordinate")
ESS_PER_GRADIENT: Final = _column(
    "ess_per_gradient", "effective sample size per gradient, of fit and sampling together"
)
ESS_PER_SAMPLE_GRADIENT: Final = _column(
    "ess_per_sample_gradient", "effective sample size per gradient, of sampling alone"
)
ESS_PER_SECOND: Final = _column(
    "ess_per_second", "effective sample size per second, of fit and sampling together"
)
BIAS2_X_MAX: Final = _column(
    "bias2_x_max", "squared error of the mean of x over the variance of x, of the worst coordinate"
)
BIAS2_X2_MAX: Final = _column(
    "bias2_x2_max", "squared error of the mean of x² over the variance of x², of the worst coordinate"
)
MODE_TV: Final = _column(
    "mode_tv", "total variation distance between the mode weights of the draws and the true ones"
)
MODE_COVERAGE: Final = _column(
    "mode_coverage", "entropy of the mode weights of the draws over that of the true ones"
)
MODES_FOUND: Final = _column("modes_found", "number of modes with at least a quarter of their true weight")
SLICED_W2: Final = _column("sliced_w2", "2-Wasserstein distance to exact draws, over 128 fixed directions")
MAX_SLICED_W2: Final = _column(
    "max_sliced_w2", "largest 2-Wasserstein distance to exact draws over directions"
)
MARGINAL_W2_MAX: Final = _column(
    "marginal_w2_max",
    "largest 2-Wasserstein distance to exact draws over coordinates, in standard deviations",
)
MMD2: Final = _column("mmd2", "unbiased weighted MMD² to exact draws")
BINNED_KL: Final = _column("binned_kl", "KL divergence of histograms of the first two coordinates")
SINKHORN: Final = _column("sinkhorn", "debiased Sinkhorn divergence to exact draws")
C2ST: Final = _column(
    "c2st", "accuracy of a classifier that separates the draws from exact ones; 0.5 if it cannot"
)
NAN_FRACTION: Final = _column(
    "nan_fraction", "share of draws with a coordinate or a weight that is not finite"
)
PILOT_GRADIENTS: Final = _column("pilot_gradients", "gradients of the fit that went into finding coordinates")
MAIN_METRIC: Final = BIAS2_X_MAX  # ranks the samplers

# Row table: what follows from several fields.
LOG_Z_ABS_ERROR: Final = _column("log_z_abs_error", "absolute error of the estimate of log Z")
LOG_Z_TRUTH: Final = _column("log_z_truth", "true log Z, which is the estimate less its error")
GRADIENTS: Final = _column("gradients", "gradient evaluations to fit and to sample")
SPENT: Final = _column(
    "spent", "evaluations to fit and to sample, in gradients; a value or a simulation alone counts 1/3"
)
SPENT_SECONDS: Final = _column("spent_seconds", "wall seconds to fit and to sample")
EVALUATIONS: Final = _column("evaluations", "number of sets of draws of the same fit")

# Summary table.
LABEL: Final = _column(
    "label", "name of the sampler or target, and what distinguishes it from others of that name"
)
SEEDS: Final = _column("seeds", "number of seeds, whatever their status")

# Tables of curves. The label is that of the target, the budget and what was spent are in the curve's unit.
CURVE: Final = _column("curve", "number of the curve: one sampler on one target, at budgets of one unit")
POINT: Final = _column("point", "number of the point: a curve at one budget")
COST: Final = _column(
    "cost", "what was spent, in the unit of the budget; for a goal, what it costs to reach it"
)
METRIC: Final = _column("metric", "name of the metric")
VALUE: Final = _column("value", "median of the metric over seeds; inf where that is a failure")
COVERS: Final = _column("covers", "whether the ends are a 95 % interval; otherwise they are the range")
FAILED: Final = _column("failed", "number of seeds that failed")
FLOOR: Final = _column("floor", "median over seeds of what exact draws score")
LARGEST: Final = _column("largest", "most that was spent at any budget")
AT_ONCE: Final = _column("at_once", "whether the smallest budget already reaches the goal")

# Table of published numbers.
METHOD: Final = _column("method", "name of the method in the paper")
PAPER: Final = "source"  # spelt as the hash of a sampler's code is
SD: Final = _column("sd", "standard deviation over runs")
LOG_Z_RMSE: Final = _column("log_z_rmse", "root mean square error of log Z of a single run")
SETTINGS: Final = _column("settings", "settings of the method")
SETTINGS_ELBO: Final = _column("settings_elbo", "settings of the method that give the best ELBO")

# Rows that differ in one of these are never averaged: together they name a line of the summary table.
GROUP: Final = (
    *(TARGET, TARGET_VERSION, FINGERPRINT, TARGET_HASH, SAMPLER, CONFIG, SOURCE),
    *(DRAWS, BUDGET, BUDGET_UNIT, DEVICE, CORES, PRECISION),
)
# Samplers are ranked against each other where all of these agree.
BLOCK: Final = (TARGET, TARGET_VERSION, FINGERPRINT, DRAWS, BUDGET, BUDGET_UNIT, DEVICE, CORES, PRECISION)
# No quantities, so the summary table has no medians of them.
TEXT: Final = (
    *(IDENTITY, SEED, STATUS, REASON, FLAGS, COMMIT, STARTED),
    *(SCHEMA, DIM, MET_BY, NOTE, USES_EXACT_DRAWS, TARGET_HASH, MACHINE, ORIGIN, TRUE_LOG_Z),
    *(TRUE_LOG_Z_ERROR, LOAD, EXTERNAL),
)
PHASE_SECONDS: Final = (COMPILE_SECONDS, FIT_SECONDS, SAMPLE_SECONDS)
VERSIONS: Final = "versions."  # followed by the name of a package


def floor_of(metric: str) -> str:
    """The column of what as many exact draws score on the metric."""
    return f"floors.{metric}"


def error_of(estimate: str) -> str:
    """The column of the standard error of an estimate; for a squared bias, of the least that is resolved."""
    return f"errors.{estimate}"


def evaluations_of(phase: str, kind: str) -> str:
    """The column of the `values`, `gradients` or `simulations` that a phase (`fit_evals`, ...) evaluated."""
    return f"{phase}.{kind}"


def evaluation_mean(metric: str) -> str:
    """The column of the mean of the metric over the sets of draws of one fit."""
    return f"evaluation_mean.{metric}"


def evaluation_sd(metric: str) -> str:
    """The column of the standard deviation of the metric over sets of draws of one fit."""
    return f"evaluation_sd.{metric}"


def training_sd(metric: str) -> str:
    """The column of the standard deviation of the metric over trainings, without that of the draws."""
    return f"training_sd.{metric}"


def total_sd(metric: str) -> str:
    """The column of the standard deviation of the metric over runs, one set of draws of one training each."""
    return f"total_sd.{metric}"


def low(name: str) -> str:
    """The column of the lower end of the interval of a median, or of the range where seeds are too few."""
    return f"{name}.low"


def high(name: str) -> str:
    """The column of the upper end of the interval of a median, or of the range where seeds are too few."""
    return f"{name}.high"


def least(name: str) -> str:
    """The column of the least value over the ok seeds."""
    return f"{name}.min"


def most(name: str) -> str:
    """The column of the largest value over the ok seeds."""
    return f"{name}.max"


LOG_Z_TRUTH_ERROR: Final = error_of(LOG_Z_TRUTH)
FIT_GRADIENTS: Final = evaluations_of("fit_evals", "gradients")
SAMPLE_GRADIENTS: Final = evaluations_of("sample_evals", "gradients")
