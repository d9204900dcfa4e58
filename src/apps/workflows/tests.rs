use super::*;
use crate::infra::compute::JobRequest;

fn task(name: &str, parents: &[u32], inputs: &[u32], outputs: &[u32]) -> WorkflowTask {
    WorkflowTask {
        name: name.into(),
        category: None,
        job: JobRequest::new(1000.0),
        parents: parents.to_vec(),
        inputs: inputs.to_vec(),
        outputs: outputs.to_vec(),
    }
}

fn files(count: usize) -> Vec<(String, f64)> {
    (0..count).map(|file| (format!("f{file}"), 1e6)).collect()
}

#[test]
fn who_reads_a_file_waits_for_its_writer() {
    // a writes 0 and 1; b reads 0; c reads both and waits for b by name, too.
    let tasks =
        vec![task("c", &[2], &[0, 1], &[]), task("a", &[], &[], &[0, 1]), task("b", &[], &[0, 2], &[])];
    let graph = WorkflowGraph::new("three", tasks, files(3)).unwrap();
    assert_eq!((graph.parents(0), graph.parents(2)), (&[1, 2][..], &[1][..]));
    assert_eq!(graph.children(1), [0, 2]);
    assert_eq!((graph.bytes_between(1, 0), graph.bytes_between(2, 0)), (2e6, 0.0));
    assert_eq!(graph.order(), [1, 2, 0]);
    assert_eq!((graph.writer(1), graph.writer(2)), (Some(1), None));
    // Nothing to read is 0, not -0.
    assert!(graph.input_bytes(1).is_sign_positive());
    // Three tasks of 1 s on cores of 1000 MIPS, one after the other.
    assert_eq!((graph.serial_s(1000.0), graph.critical_path_s(500.0)), (3.0, 6.0));
}

#[test]
fn circles_and_second_writers_are_told() {
    // a reads what b writes, and b waits for a.
    let circle = vec![task("a", &[], &[0], &[]), task("b", &[0], &[], &[0])];
    let told = WorkflowGraph::new("w", circle, files(1)).unwrap_err().to_string();
    assert_eq!(told, "the task \"a\" waits for itself, by its parents or by the files that it reads");
    let twice = vec![task("a", &[], &[], &[0]), task("b", &[], &[], &[0])];
    let told = WorkflowGraph::new("w", twice, files(1)).unwrap_err().to_string();
    assert_eq!(told, "the tasks \"a\" and \"b\" both write the file \"f0\"; a file is written once");
    let own = vec![task("a", &[], &[0], &[0])];
    assert!(matches!(WorkflowGraph::new("w", own, files(1)), Err(GraphError::Circle(_))));
    assert!(matches!(
        WorkflowGraph::new("w", vec![task("a", &[4], &[], &[])], files(0)),
        Err(GraphError::Unknown(_))
    ));
}
