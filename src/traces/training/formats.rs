//! The columns of each format, and what a row of it says.

use super::{TracedTrainingJob, TrainingFormat};
use crate::traces::error::TraceError;
use crate::traces::table::{Header, Layout, NOT_NEGATIVE, POSITIVE, Row};

/// Parts of a GPU in `plan_gpu`.
const PLANNED_PARTS: f64 = 100.0;
/// Parts of a GPU in `gpu_milli`.
const MILLI_PARTS: f64 = 1000.0;

impl TrainingFormat {
    pub(super) const fn layout(self) -> Layout {
        let (columns, required, header): (&'static [&'static str], usize, Header) = match self {
            TrainingFormat::TiresiasCsv => (
                &[
                    "job_id",
                    "num_gpu",
                    "submit_time",
                    "duration",
                    "iterations",
                    "model_name",
                    "user",
                    "num_inst",
                ],
                4,
                Header::Names,
            ),
            TrainingFormat::Alibaba2020Tasks => (
                &[
                    "job_name",
                    "task_name",
                    "inst_num",
                    "status",
                    "start_time",
                    "end_time",
                    "plan_cpu",
                    "plan_mem",
                    "plan_gpu",
                    "gpu_type",
                ],
                10,
                Header::Perhaps,
            ),
            TrainingFormat::Alibaba2023Pods => (
                &["name", "num_gpu", "gpu_milli", "creation_time", "scheduled_time", "deletion_time"],
                6,
                Header::Names,
            ),
            TrainingFormat::GavelCsv => {
                (&["arrival_s", "num_gpus", "job_type", "total_steps", "vc"], 4, Header::Names)
            }
            TrainingFormat::Own => {
                (&["job_id", "submit_s", "gpus", "duration_s", "model"], 4, Header::KnownNames)
            }
        };
        Layout { columns, required, header, delimiter: b',' }
    }

    /// The job of a row; `None` if it has no GPUs, or never started.
    pub(super) fn job(
        self,
        row: &Row<'_>,
        number: u64,
    ) -> Result<Option<TracedTrainingJob>, TraceError> {
        match self {
            TrainingFormat::TiresiasCsv => {
                // Jobs without GPUs have an empty cell in Alibaba's lists.
                let gpus = row.optional_number(1, NOT_NEGATIVE)?.unwrap_or(0.0);
                let instances = row.optional_number(7, NOT_NEGATIVE)?.unwrap_or(1.0);
                Ok(Some(TracedTrainingJob {
                    name: row.text(0)?.into(),
                    submit_s: row.number(2, NOT_NEGATIVE)?,
                    gpus: gpus * instances,
                    duration_s: Some(row.number(3, NOT_NEGATIVE)?),
                    steps: row.optional_number(4, NOT_NEGATIVE)?,
                    model: row.optional_text(5)?.map(str::to_owned),
                    owner: row.optional_text(6)?.map(str::to_owned),
                }))
            }
            TrainingFormat::Alibaba2020Tasks => {
                let (job, task) = (row.text(0)?, row.text(1)?);
                let instances = row.optional_number(2, NOT_NEGATIVE)?.unwrap_or(1.0);
                let start_s = row.optional_number(4, NOT_NEGATIVE)?;
                let end_s = row.optional_number(5, NOT_NEGATIVE)?;
                let gpus = row.optional_number(8, NOT_NEGATIVE)?.unwrap_or(0.0) / PLANNED_PARTS;
                let (Some(start_s), Some(end_s)) = (start_s, end_s) else { return Ok(None) };
                if end_s < start_s {
                    return Err(
                        row.error(5, &format!("end_time: at least {start_s}, that of the start"))
                    );
                }
                Ok(Some(TracedTrainingJob {
                    name: format!("{job}/{task}"),
                    submit_s: start_s,
                    gpus: gpus * instances,
                    duration_s: Some(end_s - start_s),
                    steps: None,
                    model: None,
                    owner: None,
                }))
            }
            TrainingFormat::Alibaba2023Pods => {
                let gpus = row.number(1, NOT_NEGATIVE)? * row.number(2, NOT_NEGATIVE)? / MILLI_PARTS;
                let submit_s = row.number(3, NOT_NEGATIVE)?;
                let start_s = row.optional_number(4, NOT_NEGATIVE)?;
                let end_s = row.optional_number(5, NOT_NEGATIVE)?;
                let (Some(start_s), Some(end_s)) = (start_s, end_s) else { return Ok(None) };
                if end_s < start_s {
                    let expected = format!("deletion_time: at least {start_s}, when it was scheduled");
                    return Err(row.error(5, &expected));
                }
                Ok(Some(TracedTrainingJob {
                    name: row.text(0)?.into(),
                    submit_s,
                    gpus,
                    duration_s: Some(end_s - start_s),
                    steps: None,
                    model: None,
                    owner: None,
                }))
            }
            TrainingFormat::GavelCsv => Ok(Some(TracedTrainingJob {
                name: number.to_string(),
                submit_s: row.number(0, NOT_NEGATIVE)?,
                gpus: row.number(1, NOT_NEGATIVE)?,
                duration_s: None,
                steps: Some(row.number(3, NOT_NEGATIVE)?),
                model: row.optional_text(2)?.map(str::to_owned),
                owner: row.optional_text(4)?.map(str::to_owned),
            })),
            TrainingFormat::Own => Ok(Some(TracedTrainingJob {
                name: row.text(0)?.into(),
                submit_s: row.number(1, NOT_NEGATIVE)?,
                gpus: row.number(2, POSITIVE)?,
                duration_s: Some(row.number(3, NOT_NEGATIVE)?),
                steps: None,
                model: row.optional_text(4)?.map(str::to_owned),
                owner: None,
            })),
        }
    }
}
