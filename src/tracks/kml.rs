//! Tracks as KML 2.2 with Google's extension of tracks, which globes play back.

use super::Track;
use crate::infra::LocalPlane;
use jiff::{SignedDuration, Timestamp};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// Colours of phases as KML writes them (opacity, blue, green, red), after Okabe and Ito; those of names that are not
/// known follow in turn.
const COLOURS: [&str; 7] =
    ["ffb27200", "ff005ed5", "ff739e00", "ffa779cc", "ff009fe6", "ffe9b456", "ff808080"];

/// A KML document with a folder for each vehicle, a track with times for each phase in it, and a style for each phase.
///
/// `start` is the date of second 0. Heights are above the ground; what never leaves the ground is clamped to it.
#[must_use]
pub fn kml(name: &str, tracks: &[Track], plane: &LocalPlane, start: Timestamp) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    // Writing to memory cannot fail.
    let _ = write(&mut writer, name, tracks, plane, start);
    String::from_utf8_lossy(&writer.into_inner()).into_owned() + "\n"
}

type Xml = Writer<Vec<u8>>;

fn write(
    xml: &mut Xml,
    name: &str,
    tracks: &[Track],
    plane: &LocalPlane,
    start: Timestamp,
) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("kml");
    root.push_attribute(("xmlns", "http://www.opengis.net/kml/2.2"));
    root.push_attribute(("xmlns:gx", "http://www.google.com/kml/ext/2.2"));
    xml.write_event(Event::Start(root))?;
    open(xml, "Document")?;
    text(xml, "name", name)?;
    let parts: Vec<_> = tracks.iter().map(|track| (track, track.parts())).collect();
    let mut phases: Vec<&str> = Vec::new();
    for part in parts.iter().flat_map(|(_, parts)| parts) {
        if !phases.contains(&part.name()) {
            phases.push(part.name());
        }
    }
    for (index, _) in phases.iter().enumerate() {
        let mut style = BytesStart::new("Style");
        style.push_attribute(("id", format!("phase-{index}").as_str()));
        xml.write_event(Event::Start(style))?;
        open(xml, "LineStyle")?;
        text(xml, "color", COLOURS[index % COLOURS.len()])?;
        text(xml, "width", "3")?;
        close(xml, "LineStyle")?;
        close(xml, "Style")?;
    }
    for (track, parts) in &parts {
        open(xml, "Folder")?;
        text(xml, "name", &track.vehicle)?;
        let flies = track.points.iter().any(|point| point.place.z_m > 0.0);
        for part in parts {
            let index = phases.iter().position(|phase| *phase == part.name()).unwrap_or(0);
            open(xml, "Placemark")?;
            text(xml, "name", part.name())?;
            text(xml, "styleUrl", &format!("#phase-{index}"))?;
            open(xml, "gx:Track")?;
            text(xml, "altitudeMode", if flies { "relativeToGround" } else { "clampToGround" })?;
            for point in &part.points {
                text(xml, "when", &date(start, point.t_s))?;
            }
            for point in &part.points {
                let at = plane.lon_lat(point.place);
                let place =
                    format!("{:.8} {:.8} {:.3}", at.longitude_deg, at.latitude_deg, point.place.z_m);
                text(xml, "gx:coord", &place)?;
            }
            close(xml, "gx:Track")?;
            close(xml, "Placemark")?;
        }
        close(xml, "Folder")?;
    }
    close(xml, "Document")?;
    close(xml, "kml")
}

fn open(xml: &mut Xml, name: &str) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new(name)))
}

fn close(xml: &mut Xml, name: &str) -> io::Result<()> {
    xml.write_event(Event::End(BytesEnd::new(name)))
}

fn text(xml: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    open(xml, name)?;
    xml.write_event(Event::Text(BytesText::new(value)))?;
    close(xml, name)
}

/// The date of a second of the run, to the millisecond; of seconds beyond all dates that of the start.
fn date(start: Timestamp, t_s: f64) -> String {
    // The cast saturates.
    let after = SignedDuration::from_millis((t_s * 1e3).round() as i64);
    format!("{:.3}", start.checked_add(after).unwrap_or(start))
}
