//! What models send in an iteration.

use super::demand::Pattern;
use super::error::{TrainingError, check, counted, positive};
use super::iteration::{CommunicationPhase, IterationProfile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a model is spread over GPUs: their number is the product of the first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parallelism {
    /// GPUs that share each layer (tensor parallelism): within a server.
    pub tensor: u32,
    /// Stages of layers that follow each other (pipeline parallelism).
    pub pipeline: u32,
    /// Copies of the whole that each take a part of the batch (data parallelism).
    pub data: u32,
    /// GPUs among which the experts of a layer are spread, within the copies; 1 without experts.
    #[serde(default = "one")]
    pub expert: u32,
}

fn one() -> u32 {
    1
}

impl Parallelism {
    /// How many GPUs it takes.
    #[must_use]
    pub fn gpus(self) -> u64 {
        u64::from(self.tensor) * u64::from(self.pipeline) * u64::from(self.data)
    }

    fn check(self) -> Result<(), TrainingError> {
        counted("tensor parallelism", self.tensor)?;
        counted("pipeline parallelism", self.pipeline)?;
        counted("data parallelism", self.data)?;
        counted("expert parallelism", self.expert)?;
        let good = self.data.is_multiple_of(self.expert);
        check(good, "expert parallelism", self.expert, "a divisor of data parallelism")
    }
}

/// Layers of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoeLayers {
    /// How many layers have experts.
    pub layers: u32,
    /// How many experts each token goes to.
    pub top: u32,
}

/// A transformer for language (Narayanan et al., *Efficient Large-Scale Language Model Training on GPU Clusters Using
/// Megatron-LM*, SC 2021).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmModel {
    /// Layers.
    pub layers: u32,
    /// Width of a layer.
    pub hidden: u32,
    /// Tokens of a sequence.
    pub sequence: u32,
    /// Words that it knows.
    pub vocabulary: u32,
    /// How it is spread.
    pub parallelism: Parallelism,
    /// Sequences of a micro-batch.
    pub micro_batch: u32,
    /// Micro-batches of an iteration for each copy.
    pub micro_batches: u32,
    /// Bytes of a number: 2 for 16-bit gradients and activations.
    #[serde(default = "two")]
    pub number_bytes: f64,
    /// Its layers of experts, if any.
    #[serde(default)]
    pub experts: Option<MoeLayers>,
}

fn two() -> f64 {
    2.0
}

impl LlmModel {
    /// That all of it makes sense.
    ///
    /// # Errors
    /// If a number is 0, the layers are fewer than the stages, or experts do not fit.
    pub fn check(&self) -> Result<(), TrainingError> {
        self.parallelism.check()?;
        counted("the number of layers", self.layers)?;
        counted("the width of a layer", self.hidden)?;
        counted("the length of a sequence", self.sequence)?;
        counted("the vocabulary", self.vocabulary)?;
        counted("the size of a micro-batch", self.micro_batch)?;
        counted("the number of micro-batches", self.micro_batches)?;
        positive("the bytes of a number", self.number_bytes)?;
        let good = self.parallelism.pipeline <= self.layers;
        check(good, "pipeline parallelism", self.parallelism.pipeline, "at most the number of layers")?;
        if let Some(experts) = self.experts {
            counted("the number of experts of a token", experts.top)?;
            let good = experts.layers <= self.layers;
            check(
                good,
                "the number of layers with experts",
                experts.layers,
                "at most the number of layers",
            )?;
        }
        Ok(())
    }

    /// Parameters, without those of more than one expert: 12 l h² (1 + 13 / 12h + (V + s) / 12lh) (equation 2 there).
    #[must_use]
    pub fn parameters(&self) -> f64 {
        let [l, h, s, v] = [self.layers, self.hidden, self.sequence, self.vocabulary].map(f64::from);
        12.0 * l * h * h * (1.0 + 13.0 / (12.0 * h) + (v + s) / (12.0 * l * h))
    }

    /// Floating-point operations of an iteration of all copies, with activations computed anew on the way back:
    /// 96 B s l h² (1 + s / 6h + V / 16lh) (equation 3 there).
    #[must_use]
    pub fn operations(&self) -> f64 {
        let [l, h, s, v] = [self.layers, self.hidden, self.sequence, self.vocabulary].map(f64::from);
        let batch = f64::from(self.micro_batch)
            * f64::from(self.micro_batches)
            * f64::from(self.parallelism.data);
        96.0 * batch * s * l * h * h * (1.0 + s / (6.0 * h) + v / (16.0 * l * h))
    }

    /// Bytes of the activations of a micro-batch: micro-batch x sequence x width x bytes.
    #[must_use]
    pub fn activation_bytes(&self) -> f64 {
        [self.micro_batch, self.sequence, self.hidden].map(f64::from).iter().product::<f64>()
            * self.number_bytes
    }

    /// Bytes of gradients that each GPU reduces with its like in the other copies: bytes x parameters / (tensor x pipeline).
    #[must_use]
    pub fn gradient_bytes(&self) -> f64 {
        let parts = f64::from(self.parallelism.tensor) * f64::from(self.parallelism.pipeline);
        self.number_bytes * self.parameters() / parts
    }

    /// Bytes that a GPU passes to the next stage in an iteration, and gets back: activations / tensor x micro-batches.
    #[must_use]
    pub fn boundary_bytes(&self) -> f64 {
        if self.parallelism.pipeline == 1 {
            return 0.0;
        }
        self.activation_bytes() / f64::from(self.parallelism.tensor) * f64::from(self.micro_batches)
    }

    /// Bytes of all-reduces among the GPUs of a layer in an iteration, each: four of the activations for each layer of a stage
    /// and micro-batch. They stay within a server.
    #[must_use]
    pub fn tensor_bytes(&self) -> f64 {
        if self.parallelism.tensor == 1 {
            return 0.0;
        }
        let layers = f64::from(self.layers) / f64::from(self.parallelism.pipeline);
        4.0 * layers * f64::from(self.micro_batches) * self.activation_bytes()
    }

    /// Bytes that a GPU sends to experts and back in an iteration: four all-to-alls of top x activations / tensor for each layer
    /// of experts of a stage and micro-batch.
    #[must_use]
    pub fn expert_bytes(&self) -> f64 {
        let Some(experts) = self.experts.filter(|_| self.parallelism.expert > 1) else { return 0.0 };
        let layers = f64::from(experts.layers) / f64::from(self.parallelism.pipeline);
        let tokens = self.activation_bytes() / f64::from(self.parallelism.tensor);
        4.0 * layers * f64::from(self.micro_batches) * f64::from(experts.top) * tokens
    }

    /// What an iteration computes and sends between leaves, at this many operations a second of each GPU. A pipeline's stages
    /// idle (p - 1) / m of the time that they compute. Gradients can hide behind `hidden` of the computation.
    ///
    /// Bytes are those of [`demand`](super::demand::leaf_bytes): of gradients the buffers of all GPUs of a server, which hold
    /// one copy's `tensor` parts each; of boundaries what all GPUs of a stage of one copy pass on, times the copies.
    ///
    /// # Errors
    /// If the model makes no sense, the speed is not above 0, or `hidden` not from 0 to 1.
    pub fn profile(
        &self,
        operations_per_s: f64,
        hidden: f64,
    ) -> Result<IterationProfile, TrainingError> {
        self.check()?;
        positive("the speed of a GPU", operations_per_s)?;
        let Parallelism { tensor, pipeline, data, .. } = self.parallelism;
        let busy_s = self.operations() / self.parallelism.gpus() as f64 / operations_per_s;
        let bubble = f64::from(pipeline - 1) / f64::from(self.micro_batches);
        let mut phases = Vec::new();
        if data > 1 {
            let bytes = self.gradient_bytes() * f64::from(tensor);
            phases.push(CommunicationPhase { pattern: Pattern::Ring, bytes, hidden });
        }
        if pipeline > 1 {
            let bytes = self.boundary_bytes() * f64::from(tensor) * f64::from(data);
            phases.push(CommunicationPhase { pattern: Pattern::Pipeline, bytes, hidden: 0.0 });
        }
        if self.expert_bytes() > 0.0 {
            let bytes = self.expert_bytes();
            phases.push(CommunicationPhase { pattern: Pattern::AllToAll, bytes, hidden: 0.0 });
        }
        IterationProfile::new(busy_s * (1.0 + bubble), phases)
    }
}

/// A model for recommendation (Naumov et al., *Deep Learning Recommendation Model for Personalization and Recommendation
/// Systems*, 2019): tables of embeddings spread over the GPUs, and a dense part that each has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DlrmModel {
    /// GPUs.
    pub gpus: u32,
    /// Tables of embeddings.
    pub tables: u32,
    /// Numbers of an embedding.
    pub dimension: u32,
    /// Samples of an iteration, of all GPUs.
    pub batch: u32,
    /// Parameters of the dense part.
    pub dense_parameters: f64,
    /// Bytes of a number.
    #[serde(default = "four")]
    pub number_bytes: f64,
}

fn four() -> f64 {
    4.0
}

impl DlrmModel {
    /// That all of it makes sense.
    ///
    /// # Errors
    /// If a number is 0.
    pub fn check(&self) -> Result<(), TrainingError> {
        counted("the number of GPUs", self.gpus)?;
        counted("the number of tables", self.tables)?;
        counted("the dimension of an embedding", self.dimension)?;
        counted("the size of a batch", self.batch)?;
        positive("the number of dense parameters", self.dense_parameters)?;
        positive("the bytes of a number", self.number_bytes)
    }

    /// Bytes that a GPU sends in one all-to-all, its own part included: batch x tables x dimension x bytes / GPUs.
    #[must_use]
    pub fn exchange_bytes(&self) -> f64 {
        let numbers: f64 = [self.batch, self.tables, self.dimension].map(f64::from).iter().product();
        numbers * self.number_bytes / f64::from(self.gpus)
    }

    /// Bytes of the dense gradients that all GPUs reduce.
    #[must_use]
    pub fn dense_bytes(&self) -> f64 {
        self.dense_parameters * self.number_bytes
    }

    /// What an iteration computes, in `compute_s` seconds, and sends between leaves: the embeddings there and their gradients
    /// back, one all-to-all each, and the dense gradients, which can hide behind `hidden` of the computation.
    ///
    /// # Errors
    /// If the model makes no sense, the time is not above 0, or `hidden` not from 0 to 1.
    pub fn profile(&self, compute_s: f64, hidden: f64) -> Result<IterationProfile, TrainingError> {
        self.check()?;
        let mut phases = Vec::new();
        if self.gpus > 1 {
            let bytes = 2.0 * self.exchange_bytes();
            phases.push(CommunicationPhase { pattern: Pattern::AllToAll, bytes, hidden: 0.0 });
            let bytes = self.dense_bytes();
            phases.push(CommunicationPhase { pattern: Pattern::Ring, bytes, hidden });
        }
        IterationProfile::new(compute_s, phases)
    }
}
