/* A model with BridgeStan's C interface, written by hand:
   level ~ normal(0, 1); scale ~ exponential(1), scale > 0; and the transformed parameter
   table[i, j] = 10 i + j + scale, a matrix of two rows and three columns. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int bs_major_version = 2, bs_minor_version = 9, bs_patch_version = 0;

static int fail(const char *message, char **error) {
  *error = malloc(strlen(message) + 1);
  strcpy(*error, message);
  return 1;
}

void *bs_model_construct(const char *data, unsigned int seed, char **error) {
  if (strstr(data, "\"wrong\"")) { fail("variable does not exist: n", error); return NULL; }
  return malloc(1);
}
void bs_model_destruct(void *model) { free(model); }
void bs_free_error_msg(char *message) { free(message); }
int bs_set_print_callback(void *callback, char **error) { return 0; }
const char *bs_name(const void *model) { return "line"; }
const char *bs_model_info(const void *model) { return ""; }
const char *bs_param_unc_names(const void *model) { return "level,scale"; }
int bs_param_unc_num(const void *model) { return 2; }
int bs_param_num(const void *model, bool include_tp, bool include_gq) { return include_tp ? 8 : 2; }
const char *bs_param_names(const void *model, bool include_tp, bool include_gq) {
  return include_tp ? "level,scale,table.1.1,table.2.1,table.1.2,table.2.2,table.1.3,table.2.3" : "level,scale";
}

int bs_param_constrain(const void *model, bool include_tp, bool include_gq, const double *x, double *values,
                       void *rng, char **error) {
  values[0] = x[0];
  values[1] = exp(x[1]);
  for (int entry = 0; include_tp && entry < 6; entry++)
    values[2 + entry] = 10 * (1 + entry % 2) + (1 + entry / 2) + values[1];
  return 0;
}

/* Constants are dropped with propto, and a level above 50 is rejected, as Stan rejects. */
int bs_log_density_gradient(const void *model, bool propto, bool jacobian, const double *x, double *value,
                            double *gradient, char **error) {
  if (x[0] > 50) return fail("normal_lpdf: Random variable is too large", error);
  *value = -0.5 * x[0] * x[0] - exp(x[1]);
  if (!propto) *value -= 0.5 * log(2 * acos(-1.0));
  if (jacobian) *value += x[1];
  gradient[0] = -x[0];
  gradient[1] = -exp(x[1]) + (jacobian ? 1 : 0);
  return 0;
}
int bs_log_density(const void *model, bool propto, bool jacobian, const double *x, double *value,
                   char **error) {
  double gradient[2];
  return bs_log_density_gradient(model, propto, jacobian, x, value, gradient, error);
}

/* Not used, but looked up when the library is loaded. */
int bs_param_unconstrain(void) { return 1; }
int bs_param_unconstrain_json(void) { return 1; }
int bs_param_initialize(void) { return 1; }
int bs_log_density_hessian(void) { return 1; }
int bs_log_density_hessian_vector_product(void) { return 1; }
void *bs_rng_construct(unsigned int seed, char **error) { return malloc(1); }
void bs_rng_destruct(void *rng) { free(rng); }
