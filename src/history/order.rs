//! The order in which a set of commits is listed: by the graph and the order of the tips alone.

/// Returns what `enter` admits of what is reachable from `tips`, children before parents.
///
/// Depth first; of two tips or parents the earlier is listed first, with everything that only it
/// reaches. `enter` is asked for a commit each time it is met and must admit it only once.
///
/// # Errors
/// With the first failure of `parents`.
pub fn children_first<N: Copy, E>(
    tips: &[N],
    mut enter: impl FnMut(N) -> bool,
    mut parents: impl FnMut(N, &mut Vec<N>) -> Result<(), E>,
) -> Result<Vec<N>, E> {
    let mut order = vec![];
    let mut above = vec![];
    // A commit is listed after its parents; the list is turned round at the end.
    let mut todo: Vec<(N, bool)> = tips.iter().map(|tip| (*tip, false)).collect();
    while let Some((commit, parents_done)) = todo.pop() {
        if parents_done {
            order.push(commit);
        } else if enter(commit) {
            todo.push((commit, true));
            above.clear();
            parents(commit, &mut above)?;
            todo.extend(above.iter().map(|parent| (*parent, false)));
        }
    }
    order.reverse();
    Ok(order)
}
