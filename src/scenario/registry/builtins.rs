//! The kinds that are built in.

use super::Registry;
use crate::placement::forecast as predictors;
use crate::placement::frequency as governors;
use crate::placement::offloading as policies;
use crate::placement::{consolidation, vm_allocation, workflows};

impl Registry {
    /// All built-in kinds.
    #[must_use]
    pub fn with_builtins() -> Self {
        use crate::scenario::format::{
            BudgetPowerSpec, CloudSimSpec, CmosPowerSpec, ComposedSpec, CorePowerSpec, CubicPowerSpec,
            FcdMobility, FollowThePriceSpec, ForecastSpec, FuzzyRulesSpec, LearnedSpec, LinearPowerSpec,
            NomadicMobility, RandomWaypointMobility, RingRoadMobility, SitesMobility, SquarePowerSpec,
            SquareRootPowerSpec, StaticMobility, TablePowerSpec, TasksSpec, TrajectoryMobility,
            VehicularSpec, VirtualMachinesSpec, WorkflowsSpec,
        };
        let mut registry = Registry::empty();
        registry
            .offloading::<policies::LocalOnly>("local_only")
            .offloading::<policies::EdgeOnly>("edge_only")
            .offloading::<policies::CloudOnly>("cloud_only")
            .offloading::<policies::Nearest>("nearest")
            .offloading::<policies::Random>("random")
            .offloading::<policies::FirstFit>("first_fit")
            .offloading::<policies::NextFit>("next_fit")
            .offloading::<policies::BestFit>("best_fit")
            .offloading::<policies::WorstFit>("worst_fit")
            .offloading::<policies::LeastLoaded>("least_loaded")
            .offloading::<policies::MinLatency>("min_latency")
            .offloading::<policies::EnergyAware>("energy_aware")
            .offloading::<policies::NetworkBased>("network_based")
            .offloading::<policies::UtilizationBased>("utilization_based")
            .offloading::<policies::Hybrid>("hybrid")
            .offloading::<policies::LocalFirst>("local_first")
            .offloading::<policies::RandomWay>("random_way")
            .offloading::<policies::edgecloudsim::BasicOrchestrator>("edgecloudsim_basic")
            .offloading_from::<VehicularSpec>("edgecloudsim_vehicular")
            .offloading::<policies::Probabilistic>("probabilistic")
            .offloading::<policies::FuzzyBased>("fuzzy_based")
            .offloading::<policies::FuzzyCompetitor>("fuzzy_competitor")
            .offloading::<policies::PowerOfChoices>("power_of_choices")
            .offloading::<policies::DriftPlusPenalty>("drift_plus_penalty")
            .offloading_from::<FuzzyRulesSpec>("fuzzy_rules")
            .offloading_from::<LearnedSpec>("learned")
            .offloading::<policies::Predictive>("predictive")
            .offloading::<policies::GameTheory>("game_theory")
            .offloading::<policies::BestResponse>("best_response")
            .offloading::<policies::Ucb1>("ucb1")
            .offloading::<policies::Mab>("mab")
            .offloading::<policies::LinUcb>("linucb")
            .offloading::<policies::GpuLoadBalanced>("gpu_load_balanced")
            .offloading::<policies::GpuMemoryAware>("gpu_memory_aware")
            .offloading::<policies::EnergyEfficient>("energy_efficient")
            .offloading::<policies::GpuHybrid>("gpu_hybrid")
            .governor::<governors::Performance>("performance")
            .governor::<governors::Powersave>("powersave")
            .governor::<governors::Ondemand>("ondemand")
            .governor::<governors::Schedutil>("schedutil")
            .governor::<governors::SlaAware>("sla_aware")
            .governor::<governors::CostAware>("cost_aware")
            .power::<LinearPowerSpec>("linear")
            .power::<SquarePowerSpec>("square")
            .power::<CubicPowerSpec>("cubic")
            .power::<SquareRootPowerSpec>("square_root")
            .power::<TablePowerSpec>("table")
            .power::<CmosPowerSpec>("cmos")
            .power::<CorePowerSpec>("cmos_cores")
            .power::<BudgetPowerSpec>("budget")
            .mobility::<StaticMobility>("static")
            .mobility::<RandomWaypointMobility>("random_waypoint")
            .mobility::<NomadicMobility>("nomadic")
            .mobility::<TrajectoryMobility>("trajectories")
            .mobility::<RingRoadMobility>("ring_road")
            .mobility::<FcdMobility>("sumo_fcd")
            .mobility::<SitesMobility>("sites_csv")
            .workload::<TasksSpec>("tasks")
            .workload::<VirtualMachinesSpec>("virtual_machines")
            .workload::<CloudSimSpec>("cloudsim")
            .workload::<WorkflowsSpec>("workflows")
            .workflow_scheduling::<workflows::Heft>("heft")
            .workflow_scheduling::<workflows::MinMin>("min_min")
            .workflow_scheduling::<workflows::MaxMin>("max_min")
            .workflow_scheduling::<workflows::DataAware>("data_aware")
            .workflow_scheduling::<workflows::RoundRobin>("round_robin")
            .workflow_scheduling::<workflows::Fastest>("fastest")
            .workflow_scheduling::<workflows::Local>("local")
            .vm_allocation::<vm_allocation::FirstFit>("first_fit")
            .vm_allocation::<vm_allocation::NextFit>("next_fit")
            .vm_allocation::<vm_allocation::BestFit>("best_fit")
            .vm_allocation::<vm_allocation::WorstFit>("worst_fit")
            .vm_allocation::<vm_allocation::RandomFit>("random")
            .vm_allocation::<vm_allocation::AcceleratorAware>("accelerator_aware")
            .vm_allocation::<vm_allocation::PowerAwareBestFit>("power_aware_best_fit")
            .vm_allocation::<vm_allocation::FrequencyAware>("frequency_aware")
            .vm_allocation::<vm_allocation::ReliabilityAware>("reliability_aware")
            .vm_allocation::<vm_allocation::PriceAware>("price_aware")
            .vm_allocation::<vm_allocation::CarbonAware>("carbon_aware")
            .consolidation::<consolidation::Nothing>("nothing")
            .built_consolidation::<ComposedSpec>("overload_and_underload")
            .consolidation::<consolidation::MinimumPower>("minimum_power")
            .built_consolidation::<FollowThePriceSpec>("follow_the_price")
            .overload::<consolidation::Threshold>("threshold")
            .overload::<consolidation::InterquartileRange>("interquartile_range")
            .overload::<consolidation::MedianAbsoluteDeviation>("median_absolute_deviation")
            .overload::<consolidation::LinearRegression>("linear_regression")
            .overload::<consolidation::LocalRegression>("local_regression")
            .overload::<consolidation::RobustLocalRegression>("robust_local_regression")
            .built_overload::<ForecastSpec>("forecast")
            .selection::<consolidation::PredictionDriven>("prediction_driven")
            .selection::<consolidation::MinimumMigrationTime>("minimum_migration_time")
            .selection::<consolidation::MinimumUtilisation>("minimum_utilisation")
            .selection::<consolidation::MaximumCorrelation>("maximum_correlation")
            .selection::<consolidation::MinimumCost>("minimum_cost")
            .selection::<consolidation::RandomSelection>("random")
            .predictor::<predictors::Oracle>("oracle")
            .predictor::<predictors::LastValue>("last_value")
            .predictor::<predictors::MovingAverage>("moving_average")
            .predictor::<predictors::HoltWinters>("holt_winters")
            .predictor::<predictors::AutoRegressive>("autoregression");
        registry
    }
}
