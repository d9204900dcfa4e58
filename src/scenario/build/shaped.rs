//! Shaped links: from the format to the infrastructure.

use super::delays::Models;
use crate::engine::RandomStreams;
use crate::infra::network::{Jitter, PacketLoss, Shaped, ShapedRate};
use crate::scenario::Site;
use crate::scenario::format::{JitterName, PacketLossSpec, ShapeSpec, ShapedPresetName, ShapedSpec};
use crate::scenario::import::read_mahimahi;

/// The models of both directions. Errors go to `site`.
pub(super) fn shaped(spec: &ShapedSpec, streams: RandomStreams, site: &Site<'_>) -> Option<Models> {
    if spec.packet.as_bytes() < 1.0 {
        site.key("packet").error("a packet of 0 bytes carries nothing; it must be 1 byte or more");
        return None;
    }
    let preset = spec.preset.map(ShapedPresetName::shapes);
    let [usual_up, usual_down] = preset.as_ref().map_or([None; 2], |own| own.each_ref().map(Some));
    let plain = ShapeSpec::default();
    let up = spec.up.as_ref().or(usual_up).unwrap_or(&plain);
    let Some(down) = spec.down.as_ref().or(usual_down) else {
        let up = direction(up, spec, (streams, 0), &site.key("up"))?;
        let down = up.in_direction(1);
        return Some(Models::delay(up, Some(down)));
    };
    let up = direction(up, spec, (streams, 0), &site.key("up"));
    let down = direction(down, spec, (streams, 1), &site.key("down"));
    Some(Models::delay(up?, Some(down?)))
}

fn direction(
    own: &ShapeSpec,
    spec: &ShapedSpec,
    (streams, direction): (RandomStreams, u64),
    site: &Site<'_>,
) -> Option<Shaped> {
    let mut model = Shaped::new(streams, direction);
    if own.rate.is_some_and(|rate| rate.as_bps() == 0.0) {
        site.key("rate").error("a rate of 0 carries nothing; it must be above 0");
        return None;
    }
    model.rate = ShapedRate::TokenBucket {
        rate_bps: own.rate.map(|rate| rate.as_bps()),
        burst_bytes: own.burst.as_bytes(),
    };
    if let Some(file) = &own.trace {
        if own.rate.is_some() {
            site.key("rate")
                .error_with_help("a trace says when bytes leave", "leave out `rate` or `trace`");
            return None;
        }
        let here = site.key("trace");
        let times_ms = here.check(read_mahimahi(here.file(file)))?;
        model.rate = ShapedRate::Trace(times_ms.into());
    }
    let correlation = own.correlation.as_fraction();
    if correlation >= 1.0 {
        site.key("correlation").error("a delay that is always the last one never varies; below 100 %");
        return None;
    }
    (model.limit, model.correlation) = (f64::from(own.limit), correlation);
    (model.delay_s, model.jitter_s) = (own.delay.as_secs(), own.jitter.as_secs());
    match own.distribution {
        JitterName::None => model.jitter_s = 0.0,
        JitterName::Uniform => model.distribution = Jitter::Uniform,
        JitterName::Normal => model.distribution = Jitter::Normal,
        JitterName::Pareto => model.distribution = Jitter::Pareto,
    }
    if let Some(loss) = &own.loss {
        model.loss = packet_loss(loss, &site.key("loss"))?;
    }
    (model.reliable, model.packet_bytes) = (spec.reliable, spec.packet.as_bytes());
    Some(model)
}

fn packet_loss(spec: &PacketLossSpec, site: &Site<'_>) -> Option<PacketLoss> {
    match *spec {
        PacketLossSpec::Random { share, correlation } => {
            for (key, ratio) in [("share", share), ("correlation", correlation)] {
                if ratio.as_fraction() >= 1.0 {
                    site.key(key).error("nothing would ever pass again; it must be below 100 %");
                    return None;
                }
            }
            Some(PacketLoss::random(share.as_fraction(), correlation.as_fraction()))
        }
        PacketLossSpec::GilbertElliott { p, r, one_minus_h, one_minus_k } => {
            let mut good = true;
            for (key, ratio) in
                [("p", p), ("r", r), ("one_minus_h", one_minus_h), ("one_minus_k", one_minus_k)]
            {
                if ratio.as_fraction() > 1.0 {
                    site.key(key).error("a probability is at most 100 %");
                    good = false;
                }
            }
            if r.as_fraction() == 0.0 {
                site.key("r").error("a bad channel that is never good again; it must be above 0");
                good = false;
            }
            let loss = PacketLoss {
                to_bad: p.as_fraction(),
                to_good: r.as_fraction(),
                lost_in_bad: one_minus_h.as_fraction(),
                lost_in_good: one_minus_k.as_fraction(),
            };
            if good && loss.share() >= 1.0 {
                site.error("nothing would ever pass");
                good = false;
            }
            good.then_some(loss)
        }
    }
}
