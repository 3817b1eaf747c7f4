//! How many findings there are, as tables.

use super::super::markup::{Element, element};
use super::super::{Report, tables};

/// How many rows of a table are shown.
const ROWS: usize = 30;

/// Returns all tables.
pub(super) fn all(report: &Report<'_>) -> Element {
    let tables = tables::all(report);
    if report.verdict.findings.is_empty() || tables.is_empty() {
        return element("div");
    }
    let figures = element("div").class("tables").all(tables.iter().map(table));
    element("section").holding(element("h2").text("Totals")).holding(figures)
}

fn table(table: &tables::Table) -> Element {
    let heads = [format!("By {}", table.title), "Errors".to_owned(), "Warnings".to_owned()];
    let heads = heads.into_iter().map(|head| element("th").with("scope", "col").text(head));
    let most = table.rows.iter().map(|row| row.errors + row.warnings).max().unwrap_or(1).max(1);
    let rows = table.rows.iter().take(ROWS).map(|row| {
        let share = 100 * (row.errors + row.warnings) / most;
        let bar = element("span").class("bar").with("style", format!("width:{share}%"));
        element("tr")
            .holding(element("th").with("scope", "row").text(&row.of).holding(bar))
            .holding(element("td").text(row.errors))
            .holding(element("td").text(row.warnings))
    });
    let more = table.rows.len().saturating_sub(ROWS);
    let more = (more > 0)
        .then(|| element("tr").holding(element("th").with("colspan", 3).text(format!("and {more} more"))));
    element("table")
        .holding(element("thead").holding(element("tr").all(heads)))
        .holding(element("tbody").all(rows).all(more))
}
