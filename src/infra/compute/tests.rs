use super::*;
use crate::engine::{Distribution, RandomStreams, SimDuration, Summary};
use proptest::prelude::*;

const NODE: NodeId = NodeId(0);

fn owner(token: u64) -> Owner {
    Owner { workload: 0, token }
}

fn job(length_mi: f64, cores: u32) -> JobRequest {
    JobRequest { length_mi, cores, memory_bytes: 0.0, accelerator: None, class: JobClass::Compute }
}

fn space_shared(queue_limit: usize) -> Discipline {
    Discipline::SpaceShared { queue_limit }
}

const TIME_SHARED: Discipline = Discipline::TimeShared { job_limit: usize::MAX };

fn seconds(time: f64) -> SimTime {
    SimTime::from_secs(time)
}

/// Runs the processor dry and returns (token, seconds) of each completion.
fn finish(compute: &mut Compute, processor: ProcessorId) -> Vec<(u64, f64)> {
    let mut done = Vec::new();
    while let Some(now) = compute.next_completion(processor) {
        while let Some((_, job)) = compute.pop_completed(now, processor) {
            done.push((job.owner.token, now.as_secs()));
        }
    }
    done
}

#[test]
fn processor_sharing_by_hand() {
    // One core of 100 MIPS; A of 100 MI at 0 s, B of 100 MI at 0.5 s. A has 50 MI left at 0.5 s and runs
    // at half speed until 1.5 s; B then has 50 MI left and is done alone at 2.0 s.
    let mut compute = Compute::default();
    let cpu = compute.add_processor(NODE, 1.0, 100.0, TIME_SHARED, Resources::default());
    compute.submit(seconds(0.0), cpu, job(100.0, 1), owner(0)).unwrap();
    compute.submit(seconds(0.5), cpu, job(100.0, 1), owner(1)).unwrap();
    assert_eq!(finish(&mut compute, cpu), [(0, 1.5), (1, 2.0)]);
}

#[test]
fn a_job_is_never_faster_than_on_cores_of_its_own() {
    // Four cores of 100 MIPS: a job of one core runs at 100 MIPS though three cores are idle; a job of
    // two cores gets 200. With a third asking for four, 7 cores are asked of 4: 4/7 of each one's speed.
    let mut compute = Compute::default();
    let cpu = compute.add_processor(NODE, 4.0, 100.0, TIME_SHARED, Resources::default());
    compute.submit(seconds(0.0), cpu, job(100.0, 1), owner(0)).unwrap();
    compute.submit(seconds(0.0), cpu, job(100.0, 2), owner(1)).unwrap();
    assert_eq!(compute.busy_cores(cpu), 3.0);
    assert_eq!(compute.next_completion(cpu), Some(seconds(0.5)));
    compute.submit(seconds(0.25), cpu, job(1e6, 4), owner(2)).unwrap();
    assert_eq!(compute.busy_cores(cpu), 4.0);
    // The second job has 50 MI left at 200 * 4/7 MIPS.
    let due = compute.next_completion(cpu).unwrap();
    assert!((due.as_secs() - (0.25 + 50.0 / (200.0 * 4.0 / 7.0))).abs() < 2e-9);
}

#[test]
fn first_in_first_out_with_a_bounded_queue() {
    let mut compute = Compute::default();
    let cpu = compute.add_processor(NODE, 2.0, 100.0, space_shared(1), Resources::default());
    compute.submit(seconds(0.0), cpu, job(100.0, 1), owner(0)).unwrap();
    // Two cores are not free: waits, and those behind it wait too.
    compute.submit(seconds(0.0), cpu, job(100.0, 2), owner(1)).unwrap();
    assert_eq!(compute.submit(seconds(0.0), cpu, job(1.0, 1), owner(2)), Err(Refusal::Queue));
    assert_eq!(compute.submit(seconds(0.0), cpu, job(1.0, 3), owner(3)), Err(Refusal::Cores));
    assert_eq!((compute.running(cpu), compute.waiting(cpu)), (1, 1));
    assert_eq!(compute.wanted_cores(cpu), 3.0);
    assert_eq!(finish(&mut compute, cpu), [(0, 1.0), (1, 1.5)]);
}

#[test]
fn memory_and_accelerators_are_never_exceeded() {
    let gpu = Accelerator { kind: 3, count: 1 };
    let resources = Resources { memory_bytes: 100.0, storage_bytes: 0.0, accelerators: vec![gpu] };
    let wants = |memory_bytes, accelerator| JobRequest {
        length_mi: 100.0,
        cores: 1,
        memory_bytes,
        accelerator,
        class: JobClass::Compute,
    };
    let mut compute = Compute::default();
    let shared = compute.add_processor(NODE, 8.0, 100.0, TIME_SHARED, resources.clone());
    compute.submit(seconds(0.0), shared, wants(60.0, Some(gpu)), owner(0)).unwrap();
    assert_eq!(compute.admits(shared, &wants(60.0, None)), Err(Refusal::Memory));
    assert_eq!(compute.admits(shared, &wants(10.0, Some(gpu))), Err(Refusal::Accelerator));
    finish(&mut compute, shared);
    assert_eq!(compute.free(shared), &resources);
    // Space-shared, the second one waits for the accelerator; another kind never comes.
    let queued = compute.add_processor(NODE, 8.0, 100.0, space_shared(9), resources);
    compute.submit(seconds(0.0), queued, wants(10.0, Some(gpu)), owner(0)).unwrap();
    compute.submit(seconds(0.0), queued, wants(10.0, Some(gpu)), owner(1)).unwrap();
    let other = Accelerator { kind: 4, count: 1 };
    assert_eq!(compute.admits(queued, &wants(10.0, Some(other))), Err(Refusal::Accelerator));
    assert_eq!(finish(&mut compute, queued), [(0, 1.0), (1, 2.0)]);
}

#[test]
fn an_instance_has_its_share_to_itself() {
    let mut compute = Compute::default();
    let resources = Resources { memory_bytes: 10.0, ..Resources::default() };
    let host = compute.add_processor(NODE, 4.0, 100.0, TIME_SHARED, resources.clone());
    let half = Resources { memory_bytes: 5.0, ..Resources::default() };
    let one = compute.add_instance(seconds(0.0), host, 3.0, TIME_SHARED, &half).unwrap();
    assert_eq!(compute.add_instance(seconds(0.0), host, 2.0, TIME_SHARED, &half), Err(Refusal::Cores));
    assert_eq!(
        compute.add_instance(seconds(0.0), host, 1.0, TIME_SHARED, &resources),
        Err(Refusal::Memory)
    );
    // The host is flooded; the instance does not notice.
    for token in 0..10 {
        compute.submit(seconds(0.0), host, job(100.0, 1), owner(token)).unwrap();
    }
    compute.submit(seconds(0.0), one, job(300.0, 3), owner(99)).unwrap();
    assert_eq!(compute.next_completion(one), Some(seconds(1.0)));
    assert_eq!(compute.next_completion(host), Some(seconds(10.0)));
    assert_eq!(compute.node(one), NODE);
}

#[test]
fn half_a_core_takes_twice_as_long() {
    let mut compute = Compute::default();
    let host = compute.add_processor(NODE, 1.0, 100.0, TIME_SHARED, Resources::default());
    let none = Resources::default();
    let half = compute.add_instance(seconds(0.0), host, 0.5, TIME_SHARED, &none).unwrap();
    assert_eq!(compute.submit(seconds(0.0), half, job(1.0, 2), owner(1)), Err(Refusal::Cores));
    compute.submit(seconds(0.0), half, job(100.0, 1), owner(0)).unwrap();
    assert_eq!(compute.busy_cores(half), 0.5);
    assert_eq!(finish(&mut compute, half), [(0, 2.0)]);
}

#[test]
fn a_change_of_speed_is_exact() {
    let mut compute = Compute::default();
    let cpu = compute.add_processor(NODE, 1.0, 100.0, TIME_SHARED, Resources::default());
    compute.submit(seconds(0.0), cpu, job(100.0, 1), owner(0)).unwrap();
    compute.set_mips(seconds(0.5), cpu, 25.0);
    assert_eq!(finish(&mut compute, cpu), [(0, 2.5)]);
}

fn job_of(class: JobClass, length_mi: f64, cores: u32) -> JobRequest {
    JobRequest { class, cores, ..JobRequest::new(length_mi) }
}

#[test]
fn classes_of_jobs_slow_down_by_themselves() {
    // Two cores of 100 MIPS; a compute-bound and a memory-bound job of 100 MI each. From 0.5 s on the first
    // runs at half speed and the second at 80 %: 50 MI left take 1 s and 0.625 s.
    for discipline in [TIME_SHARED, space_shared(9)] {
        let mut compute = Compute::default();
        let cpu = compute.add_processor(NODE, 2.0, 100.0, discipline, Resources::default());
        compute.submit(seconds(0.0), cpu, job_of(JobClass::Compute, 100.0, 1), owner(0)).unwrap();
        compute.submit(seconds(0.0), cpu, job_of(JobClass::Memory, 100.0, 1), owner(1)).unwrap();
        compute.set_speeds(seconds(0.5), cpu, [0.5, 0.6, 0.8]);
        let due = compute.next_completion(cpu).unwrap();
        assert!((due.as_secs() - 1.125).abs() < 2e-9);
        let asked = JobClass::ALL.map(|class| compute.asked_cores(cpu, class));
        assert_eq!((asked, compute.busy_cores(cpu)), ([1.0, 0.0, 1.0], 2.0));
        let done = finish(&mut compute, cpu);
        assert_eq!(done.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [1, 0]);
        assert!((done[1].1 - 1.5).abs() < 2e-9, "{done:?}");
    }
}

#[test]
fn estimates_know_the_speed_of_a_class() {
    let mut compute = Compute::default();
    let cpu = compute.add_processor(NODE, 1.0, 100.0, space_shared(9), Resources::default());
    compute.set_speeds(seconds(0.0), cpu, [0.5, 0.6, 0.8]);
    let estimate = |compute: &Compute, class| {
        compute.estimated_completion_s(seconds(0.0), cpu, &job_of(class, 100.0, 1))
    };
    assert_eq!(estimate(&compute, JobClass::Compute), 2.0);
    assert_eq!(estimate(&compute, JobClass::Memory), 1.25);
    // Behind one that takes 2 s and one that takes 1.25 s.
    compute.submit(seconds(0.0), cpu, job_of(JobClass::Compute, 100.0, 1), owner(0)).unwrap();
    compute.submit(seconds(0.0), cpu, job_of(JobClass::Memory, 100.0, 1), owner(1)).unwrap();
    assert!((estimate(&compute, JobClass::Compute) - 5.25).abs() < 1e-12);
}

#[test]
fn an_instance_begins_at_the_speeds_of_its_host() {
    let mut compute = Compute::default();
    let host = compute.add_processor(NODE, 2.0, 100.0, TIME_SHARED, Resources::default());
    compute.set_speeds(seconds(0.0), host, [0.5; 3]);
    let none = Resources::default();
    let one = compute.add_instance(seconds(0.0), host, 1.0, TIME_SHARED, &none).unwrap();
    compute.submit(seconds(0.0), one, job(100.0, 1), owner(0)).unwrap();
    assert_eq!(finish(&mut compute, one), [(0, 2.0)]);
}

proptest! {
    /// A job that runs alone through random frequency changes is done when the integral of its speed is its
    /// length, to the nanosecond.
    #[test]
    fn work_is_conserved_over_changes_of_frequency(
        changes in prop::collection::vec((0.001..2.0f64, 0.05..1.0f64, 0.05..1.0f64), 0..30),
        length in 1.0..3000.0f64,
        memory in any::<bool>(),
        time_shared in any::<bool>(),
    ) {
        let class = if memory { JobClass::Memory } else { JobClass::Compute };
        let discipline = if time_shared { TIME_SHARED } else { space_shared(5) };
        let mut compute = Compute::default();
        let cpu = compute.add_processor(NODE, 4.0, 100.0, discipline, Resources::default());
        compute.submit(seconds(0.0), cpu, job_of(class, length, 2), owner(0)).unwrap();
        // Beside it one of the other class, which never ends and must not matter.
        let other = if memory { JobClass::Hybrid } else { JobClass::Memory };
        compute.submit(seconds(0.0), cpu, job_of(other, 1e12, 1), owner(1)).unwrap();
        let (mut now, mut speed, mut left) = (SimTime::ZERO, 1.0, length / 2.0);
        for (span, own, others) in changes {
            let then = now + SimDuration::from_secs(span);
            let done = 100.0 * speed * then.since(now).as_secs();
            if done >= left {
                break;
            }
            left -= done;
            now = then;
            speed = own;
            let mut speeds = [others; 3];
            speeds[class as usize] = own;
            compute.set_speeds(now, cpu, speeds);
        }
        let expected = now.as_secs() + left / (100.0 * speed);
        let due = compute.next_completion(cpu).unwrap();
        prop_assert!((due.as_secs() - expected).abs() < 1e-7, "{} against {}", due, expected);
        let (_, ended) = compute.pop_completed(due, cpu).unwrap();
        prop_assert_eq!(ended.owner.token, 0);
        prop_assert!(compute.pop_completed(due, cpu).is_none());
    }
}

/// Mean sojourn of Poisson arrivals with independent lengths over `count` jobs, in batch means with
/// their standard error.
fn sojourn(
    cores: f64,
    discipline: Discipline,
    load: f64,
    lengths: &Distribution,
    count: u64,
) -> Summary {
    let mut compute = Compute::default();
    let cpu = compute.add_processor(NODE, cores, 1.0, discipline, Resources::default());
    let streams = RandomStreams::new(11);
    let (mut arrivals, mut sizes) = (streams.stream("arrivals"), streams.stream("sizes"));
    let gaps = Distribution::exponential(lengths.mean() / (load * cores)).unwrap();
    let batch = count / 20;
    let (mut batches, mut current) = (Summary::default(), Summary::default());
    let mut arrival = SimTime::ZERO;
    let mut submitted = 0;
    while submitted < count {
        arrival += SimDuration::from_secs(gaps.sample(&mut arrivals));
        while let Some(now) = compute.next_completion(cpu).filter(|&now| now <= arrival) {
            while let Some((_, job)) = compute.pop_completed(now, cpu) {
                current.add(now.since(job.admitted).as_secs());
                if current.count() == batch {
                    batches.add(current.mean());
                    current = Summary::default();
                }
            }
        }
        compute.submit(arrival, cpu, job(lengths.sample(&mut sizes), 1), owner(0)).unwrap();
        submitted += 1;
    }
    batches
}

/// Whether `expected` lies within the 99.9 % confidence interval of the batch means (t with 19 degrees
/// of freedom, 3.88; the first batches also carry the empty start).
fn confirms(batches: &Summary, expected: f64) {
    let half = 3.88 * (batches.variance() / batches.count() as f64).sqrt();
    let off = (batches.mean() - expected).abs();
    assert!(off <= half, "{} +- {half}, expected {expected}", batches.mean());
    assert!(half < 0.1 * expected, "the interval +- {half} is too wide to tell anything");
}

#[test]
fn m_m_1_sojourn() {
    // T = s / (1 - rho)
    let lengths = Distribution::exponential(1.0).unwrap();
    let batches = sojourn(1.0, space_shared(usize::MAX), 0.7, &lengths, 200_000);
    confirms(&batches, 1.0 / (1.0 - 0.7));
}

#[test]
fn m_m_c_sojourn() {
    // Erlang C: T = s + C(c, a) * s / (c - a), here c = 4, a = 3.2.
    let (c, a) = (4, 3.2f64);
    let terms: Vec<f64> = (0..=c)
        .scan(1.0, |term, k| {
            let now = *term;
            *term *= a / f64::from(k + 1);
            Some(now)
        })
        .collect();
    let last = terms[4] * 4.0 / (4.0 - a);
    let waits = last / (terms[..4].iter().sum::<f64>() + last);
    let lengths = Distribution::exponential(1.0).unwrap();
    let batches = sojourn(4.0, space_shared(usize::MAX), a / 4.0, &lengths, 200_000);
    confirms(&batches, 1.0 + waits / (4.0 - a));
}

#[test]
fn m_g_1_processor_sharing_depends_on_the_mean_only() {
    // T = s / (1 - rho) whatever the distribution of the lengths.
    for lengths in
        [Distribution::constant(1.0), Distribution::exponential(1.0), Distribution::log_normal(1.0, 2.0)]
    {
        let batches = sojourn(1.0, TIME_SHARED, 0.6, &lengths.unwrap(), 200_000);
        confirms(&batches, 1.0 / (1.0 - 0.6));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Submit { length: f64, cores: u32, memory: f64, gpu: bool, class: JobClass },
    Cancel(usize),
    Wait(f64),
    Speeds([f64; 3]),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0.0..500.0f64, 1..5u32, 0.0..60.0f64, any::<bool>(), prop::sample::select(&JobClass::ALL[..]))
            .prop_map(|(length, cores, memory, gpu, class)| Step::Submit { length, cores, memory, gpu, class }),
        1 => prop::array::uniform3(0.1..1.0f64).prop_map(Step::Speeds),
        1 => (0..64usize).prop_map(Step::Cancel),
        2 => (0.0..3.0f64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    /// Work is conserved and no capacity exceeded: what all jobs were given equals the integral of the
    /// busy cores of each class times its speed, which changes, and everything that was held is free in the end.
    #[test]
    fn work_is_conserved(steps in steps(), time_shared in any::<bool>()) {
        let gpu = Accelerator { kind: 0, count: 1 };
        let resources =
            Resources { memory_bytes: 100.0, storage_bytes: 0.0, accelerators: vec![gpu] };
        let discipline = if time_shared { TIME_SHARED } else { space_shared(5) };
        let mut compute = Compute::default();
        let cpu = compute.add_processor(NODE, 3.0, 100.0, discipline, resources.clone());
        let mut now = SimTime::ZERO;
        let mut work = 0.0;
        let mut finished = 0.0;
        let mut live: Vec<JobId> = Vec::new();
        let mut cancelled_any = false;
        let mut speeds = [1.0; 3];
        for step in steps.into_iter().chain([Step::Wait(1e6)]) {
            match step {
                Step::Submit { length, cores, memory, gpu: wants_gpu, class } => {
                    let request = JobRequest {
                        length_mi: length,
                        cores,
                        memory_bytes: memory,
                        accelerator: wants_gpu.then_some(gpu),
                        class,
                    };
                    let fits = compute.admits(cpu, &request);
                    let submitted = compute.submit(now, cpu, request, owner(0));
                    prop_assert_eq!(fits.is_ok(), submitted.is_ok());
                    live.extend(submitted);
                }
                Step::Cancel(which) if !live.is_empty() => {
                    cancelled_any = true;
                    let id = live.swap_remove(which % live.len());
                    prop_assert!(compute.cancel(now, id).is_some());
                }
                Step::Cancel(_) => {}
                Step::Speeds(new) => {
                    speeds = new;
                    compute.set_speeds(now, cpu, speeds);
                }
                Step::Wait(span) => {
                    let until = now + SimDuration::from_secs(span);
                    while now < until {
                        let next = compute.next_completion(cpu).filter(|&due| due <= until);
                        let stop = next.unwrap_or(until);
                        let asked = JobClass::ALL.map(|class| compute.asked_cores(cpu, class));
                        let total: f64 = asked.iter().sum();
                        let share = if total > 0.0 { compute.busy_cores(cpu) / total } else { 0.0 };
                        let rate: f64 = asked.iter().zip(speeds).map(|(cores, speed)| cores * speed).sum();
                        work += rate * share * 100.0 * stop.since(now).as_secs();
                        now = stop;
                        while let Some((id, ended)) = compute.pop_completed(now, cpu) {
                            finished += ended.request.length_mi;
                            live.retain(|&other| other != id);
                        }
                        if next.is_none() {
                            break;
                        }
                    }
                }
            }
            prop_assert!(compute.busy_cores(cpu) <= 3.0);
            prop_assert!(compute.free(cpu).memory_bytes >= -1e-9);
        }
        prop_assert!(live.is_empty(), "a job was lost");
        if !cancelled_any {
            // Each completion is rounded up by less than a nanosecond on three cores of 100 MIPS.
            prop_assert!((work - finished).abs() < 1e-3, "{} against {}", work, finished);
        }
        prop_assert!((compute.free(cpu).memory_bytes - 100.0).abs() < 1e-9);
        prop_assert_eq!(&compute.free(cpu).accelerators, &resources.accelerators);
        prop_assert_eq!(compute.wanted_cores(cpu), 0.0);
    }
}
