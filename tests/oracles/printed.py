"""Comparison with printed numbers, to their last digit."""

NOISE = 1e-15  # what double precision leaves of a divergence


def assert_printed(values, printed):
    """`values` round to the numbers of a printed row, which were once rounded to a digit more."""
    assert len(values) == len(printed.split())
    for value, text in zip(values, printed.split(), strict=True):
        digits, _, power = text.partition("e")
        unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
        assert abs(value - float(text)) <= 0.55 * unit + NOISE, (value, text)
