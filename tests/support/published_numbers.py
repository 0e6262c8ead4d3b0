"""Made-up published numbers of two methods, as `published.read` returns them."""

import numpy as np
import pandas as pd

NUMBERS = pd.DataFrame(
    [
        ("funnel-10", "A", "K=1", "log_z", -0.3, 0.4, "Paper"),
        ("funnel-10", "A", "K=2", "log_z", 0.01, 2.0, "Paper"),
        ("funnel-10", "A", "K=2", "elbo", -0.2, 0.1, "Paper"),
        ("funnel-10", "A", "K=1", "elbo", -0.9, 0.1, "Paper"),
        ("funnel-10", "B", "", "elbo", -0.1, np.nan, "Paper"),
        ("elsewhere", "A", "", "log_z", 0.0, 0.1, "Paper"),
    ],
    columns=["target", "method", "settings", "metric", "value", "sd", "source"],
)
