//! A status worded in each form, and what it says of every state.

use super::*;
