"""Names in the literature of functions that are no probability densities, each with the reason."""

REFUSED = {
    "cancer-31-flat": "a hyperplane separates the labels of the breast cancer data, so without a prior the "
    "likelihood stays above a positive number all along a ray and its integral is infinite; take "
    "cancer-31-n10",
}
