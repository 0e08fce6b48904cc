//! Which claim of a paper names which hypothesis: the papers' comparison tables, made from result files.

use crate::results::{ResultFile, TableRecord};

/// One table for each paper that has claims with hypotheses: claims in rows, hypotheses in columns, a dot where any
/// bound of the claim was audited for it.
///
/// Inequalities between constants (`requires`) are conditions on schedules and no columns. Rows and columns stand in
/// the order in which they first appear.
#[must_use]
pub(super) fn assumptions(results: &[ResultFile]) -> Vec<TableRecord> {
    let mut papers: Vec<&str> = results.iter().map(|r| r.source.paper.as_str()).collect();
    papers.sort_unstable();
    papers.dedup();
    papers.into_iter().filter_map(|paper| of_paper(paper, results)).collect()
}

fn of_paper(paper: &str, results: &[ResultFile]) -> Option<TableRecord> {
    let rows: Vec<(&str, Vec<&str>)> = results
        .iter()
        .filter(|r| r.source.paper == paper)
        .map(|r| (r.id.as_str(), named(r)))
        .filter(|(_, names)| !names.is_empty())
        .collect();
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(|(_, names)| names) {
        if !columns.contains(name) {
            columns.push(name);
        }
    }
    let mark = |names: &[&str], column: &&str| if names.contains(column) { "●" } else { "" }.to_owned();
    let line = |(id, names): &(&str, Vec<&str>)| {
        std::iter::once((*id).to_owned()).chain(columns.iter().map(|c| mark(names, c))).collect()
    };
    (!rows.is_empty()).then(|| TableRecord {
        title: format!("{paper}: which claim needs which hypothesis"),
        columns: std::iter::once("claim").chain(columns.iter().copied()).map(str::to_owned).collect(),
        rows: rows.iter().map(line).collect(),
    })
}

/// The names of hypotheses that a claim's bounds were audited for.
fn named(result: &ResultFile) -> Vec<&str> {
    let mut names = Vec::new();
    for hypothesis in result.bounds.iter().flat_map(|b| &b.hypotheses) {
        let name = hypothesis.name.as_str();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if is_name && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn claims_and_their_hypotheses() {
        let (mut results, _) = fixtures::all();
        for result in &mut results {
            for bound in &mut result.bounds {
                bound.hypotheses.truncate(if bound.bound == "printed" { 1 } else { 2 });
                for hypothesis in &mut bound.hypotheses {
                    // A condition on constants is audited like a hypothesis, and is no column.
                    if result.source.paper != "bernstein2018" {
                        hypothesis.name = "alpha <= 1/L".into();
                    }
                }
            }
        }
        let tables = assumptions(&results);
        assert_eq!(tables.len(), 1, "{tables:?}");
        let table = &tables[0];
        assert_eq!(table.columns[..2], ["claim", "smooth-coordinate"]);
        for row in &table.rows {
            assert!(row[0].starts_with("bernstein2018/"));
            assert_eq!((row.len(), row[1].as_str()), (table.columns.len(), "●"));
        }
        assert!(assumptions(&[]).is_empty());
    }
}
