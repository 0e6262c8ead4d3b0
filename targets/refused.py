"""Names in use in the literature for what is no probability density, with the reason."""

REFUSED = {
    "cancer-31-flat": "a hyperplane separates the labels of the breast cancer data, so without a prior the "
    "likelihood stays above a positive number all along a ray and its integral is infinite; take "
    "cancer-31-n10",
}
