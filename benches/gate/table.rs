//! Tables that can be read, and put into a page as they are.

use std::time::Duration;

/// A table in the making.
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// Begins a table.
    pub fn new(head: &[&str]) -> Self {
        Self(vec![head.iter().map(|&cell| cell.to_owned()).collect()])
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.0.push(cells);
    }

    /// Prints it as Markdown with straight columns.
    pub fn print(&self, title: &str) {
        let columns = self.0[0].len();
        let width = |at: usize| self.0.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        println!("### {title}\n");
        for (at, row) in self.0.iter().enumerate() {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(at, (cell, width))| aligned(at, cell, *width))
                .collect();
            println!("| {} |", cells.join(" | "));
            if at == 0 {
                let rule = |at: usize| {
                    if at == 0 { "-".repeat(widths[at]) } else { "-".repeat(widths[at] - 1) + ":" }
                };
                println!("| {} |", (0..columns).map(rule).collect::<Vec<_>>().join(" | "));
            }
        }
        println!();
    }
}

fn aligned(at: usize, cell: &str, width: usize) -> String {
    if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}

/// A time.
pub fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// How many times as long one takes as the other.
pub fn ratio(a: Duration, b: Duration) -> String {
    format!("{:.2}", a.as_secs_f64() / b.as_secs_f64())
}

/// A count of instructions, in millions.
pub fn millions(count: Option<u64>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    count.map_or_else(|| "–".to_owned(), |count| format!("{:.2}", count as f64 / 1e6))
}

/// A number with commas.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}
