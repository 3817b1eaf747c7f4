//! What is said about a ref that its name keeps from being deployed.

use crate::history::RefName;

/// Returns a sentence about `name`, which the policy would have in `environment`.
#[must_use]
pub fn undeployable(name: &RefName, environment: &str) -> String {
    format!("`{}` cannot be an image tag: it is not deployed to `{environment}`", name.short())
}
