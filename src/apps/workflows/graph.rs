//! What a workflow is: tasks, the files that they read and write, and who waits for whom.

use crate::infra::compute::JobRequest;

/// A task of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTask {
    /// Name, distinct in the workflow.
    pub name: String,
    /// What kind of task it is.
    pub category: Option<String>,
    /// What it asks of a node.
    pub job: JobRequest,
    /// Tasks that must be done before it starts, by number; the writers of its inputs need not be named.
    pub parents: Vec<u32>,
    /// Files that it reads, by number, each once.
    pub inputs: Vec<u32>,
    /// Files that it writes, by number, each once.
    pub outputs: Vec<u32>,
}

/// A workflow that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A file has two writers.
    #[error("the tasks {first:?} and {second:?} both write the file {file:?}; a file is written once")]
    WrittenTwice {
        /// The file.
        file: String,
        /// The task that writes it first.
        first: String,
        /// The other one.
        second: String,
    },
    /// A task waits for itself, by parents or by files.
    #[error("the task {0:?} waits for itself, by its parents or by the files that it reads")]
    Circle(String),
    /// A number is that of no task or file.
    #[error("the task {0:?} names a task or file that is not there")]
    Unknown(String),
}

/// A workflow, checked: its tasks wait for each other without a circle.
///
/// ```
/// use stratosim::apps::workflows::{WorkflowGraph, WorkflowTask};
/// use stratosim::infra::compute::JobRequest;
/// let task = |name: &str, inputs: Vec<u32>, outputs: Vec<u32>| WorkflowTask {
///     name: name.into(), category: None, job: JobRequest::new(1000.0), parents: Vec::new(), inputs, outputs,
/// };
/// let tasks = vec![task("read", vec![0], vec![1]), task("write", vec![1], vec![])];
/// let graph = WorkflowGraph::new("pair", tasks, vec![("in".into(), 1e6), ("between".into(), 2e6)])?;
/// assert_eq!(graph.parents(1), [0]);
/// assert_eq!(graph.bytes_between(0, 1), 2e6);
/// # Ok::<(), stratosim::apps::workflows::GraphError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WorkflowGraph {
    name: String,
    tasks: Vec<WorkflowTask>,
    files: Vec<(String, f64)>,
    writers: Vec<Option<u32>>,
    readers: Vec<Vec<u32>>,
    parents: Vec<Vec<u32>>,
    /// For each parent the bytes of what it writes and the task reads.
    between: Vec<Vec<f64>>,
    children: Vec<Vec<u32>>,
    order: Vec<u32>,
}

impl WorkflowGraph {
    /// A workflow of these tasks and files, the latter with their bytes.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn new(
        name: impl Into<String>,
        tasks: Vec<WorkflowTask>,
        files: Vec<(String, f64)>,
    ) -> Result<Self, GraphError> {
        let mut writers: Vec<Option<u32>> = vec![None; files.len()];
        let mut readers = vec![Vec::new(); files.len()];
        for (number, task) in (0..).zip(&tasks) {
            let unknown = || GraphError::Unknown(task.name.clone());
            for &file in &task.outputs {
                let writer = writers.get_mut(file as usize).ok_or_else(unknown)?;
                if let Some(first) = writer.replace(number) {
                    let first = tasks[first as usize].name.clone();
                    let (file, second) = (files[file as usize].0.clone(), task.name.clone());
                    return Err(GraphError::WrittenTwice { file, first, second });
                }
            }
            for &file in &task.inputs {
                readers.get_mut(file as usize).ok_or_else(unknown)?.push(number);
            }
            if task.parents.iter().any(|&parent| parent as usize >= tasks.len()) {
                return Err(unknown());
            }
        }
        let mut parents = Vec::with_capacity(tasks.len());
        let mut between = Vec::with_capacity(tasks.len());
        let mut children = vec![Vec::new(); tasks.len()];
        for (number, task) in (0..).zip(&tasks) {
            let written = task.inputs.iter().filter_map(|&file| writers[file as usize]);
            let mut own: Vec<u32> = task.parents.iter().copied().chain(written).collect();
            own.sort_unstable();
            own.dedup();
            let mut bytes = vec![0.0; own.len()];
            for &file in &task.inputs {
                let place = writers[file as usize].and_then(|writer| own.binary_search(&writer).ok());
                if let Some(place) = place {
                    bytes[place] += files[file as usize].1;
                }
            }
            for &parent in &own {
                children[parent as usize].push(number);
            }
            between.push(bytes);
            parents.push(own);
        }
        let mut waits: Vec<usize> = parents.iter().map(Vec::len).collect();
        let mut order: Vec<u32> =
            (0..tasks.len() as u32).filter(|&task| waits[task as usize] == 0).collect();
        let mut next = 0;
        while let Some(&task) = order.get(next) {
            next += 1;
            for &child in &children[task as usize] {
                waits[child as usize] -= 1;
                if waits[child as usize] == 0 {
                    order.push(child);
                }
            }
        }
        if let Some(stuck) = waits.iter().position(|&waits| waits > 0) {
            return Err(GraphError::Circle(tasks[stuck].name.clone()));
        }
        let name = name.into();
        Ok(WorkflowGraph { name, tasks, files, writers, readers, parents, between, children, order })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tasks.
    #[must_use]
    pub fn tasks(&self) -> &[WorkflowTask] {
        &self.tasks
    }

    /// A task.
    #[must_use]
    pub fn task(&self, task: u32) -> &WorkflowTask {
        &self.tasks[task as usize]
    }

    /// The tasks that one waits for: those named, and the writers of its inputs; ascending.
    #[must_use]
    pub fn parents(&self, task: u32) -> &[u32] {
        &self.parents[task as usize]
    }

    /// The tasks that wait for one, ascending.
    #[must_use]
    pub fn children(&self, task: u32) -> &[u32] {
        &self.children[task as usize]
    }

    /// The tasks so that each comes after its parents.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Number of files.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Bytes of a file.
    #[must_use]
    pub fn bytes(&self, file: u32) -> f64 {
        self.files[file as usize].1
    }

    /// The task that writes a file; `None` if it is there from the start.
    #[must_use]
    pub fn writer(&self, file: u32) -> Option<u32> {
        self.writers[file as usize]
    }

    /// The tasks that read a file, ascending.
    #[must_use]
    pub fn readers(&self, file: u32) -> &[u32] {
        &self.readers[file as usize]
    }

    /// Bytes that a task reads.
    #[must_use]
    pub fn input_bytes(&self, task: u32) -> f64 {
        // The sum of nothing is -0.
        0.0 + self.task(task).inputs.iter().map(|&file| self.bytes(file)).sum::<f64>()
    }

    /// The tasks that one waits for, each with the bytes of what it writes for it.
    pub fn parents_with_bytes(&self, task: u32) -> impl Iterator<Item = (u32, f64)> + '_ {
        let bytes = self.between[task as usize].iter().copied();
        self.parents(task).iter().copied().zip(bytes)
    }

    /// Bytes of what one task writes and another one, which waits for it, reads.
    #[must_use]
    pub fn bytes_between(&self, parent: u32, child: u32) -> f64 {
        let place = self.parents(child).binary_search(&parent);
        place.map_or(0.0, |place| self.between[child as usize][place])
    }

    /// Seconds of a task on cores of this speed.
    #[must_use]
    pub fn runtime_s(&self, task: u32, mips: f64) -> f64 {
        let job = &self.task(task).job;
        job.length_mi / (f64::from(job.cores.max(1)) * mips)
    }

    /// Seconds of all tasks one after the other on cores of this speed.
    #[must_use]
    pub fn serial_s(&self, mips: f64) -> f64 {
        self.order.iter().map(|&task| self.runtime_s(task, mips)).sum()
    }

    /// Seconds of the longest chain of tasks on cores of this speed, transfers left out: no schedule is shorter.
    #[must_use]
    pub fn critical_path_s(&self, mips: f64) -> f64 {
        let mut ends = vec![0.0_f64; self.tasks.len()];
        for &task in &self.order {
            let parents = self.parents(task).iter();
            let ready = parents.fold(0.0_f64, |last, &parent| last.max(ends[parent as usize]));
            ends[task as usize] = ready + self.runtime_s(task, mips);
        }
        ends.into_iter().fold(0.0, f64::max)
    }
}
