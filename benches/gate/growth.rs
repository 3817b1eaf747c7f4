//! How the cost of an ordinary push grows with commits and refs, and what the commit-graph does.

use crate::Plan;
use crate::measure::{Job, medians};
use crate::pushes::Push;
use crate::server::{Graph, Server};
use crate::table::{Table, grouped, millions, ms, ratio};

/// Prints what the ordinary pushes cost at each number of refs, with each commit-graph.
pub fn print(plan: &Plan, server: &Server, pushes: &[Push]) {
    let mut table = Table::new(&[
        "refs, commit-graph, new commits",
        "flowcheck",
        "rev-list NEW --not --all",
        "ratio",
        "M instructions",
        "of rev-list",
        "KiB",
    ]);
    for refs in &plan.refs {
        server.set_refs(*refs);
        for graph in &plan.graphs {
            server.set_graph(*graph);
            for push in pushes.iter().filter(|push| push.typical) {
                let ours = Job::reading(|| push.receive(plan.hook(server)), &push.lines, 0);
                let list = Job::new(|| push.rev_list());
                let times = medians(&[&ours, &list], plan.runs);
                let title = format!("{}, {}, {}", grouped(*refs), graph.name(), push.commits);
                table.row(vec![
                    title,
                    ms(times[0]),
                    ms(times[1]),
                    ratio(times[0], times[1]),
                    millions(ours.instructions()),
                    millions(list.instructions()),
                    ours.memory().to_string(),
                ]);
            }
        }
    }
    server.set_refs(1000);
    server.set_graph(Graph::Full);
    table.print("An ordinary push, ms");
}
