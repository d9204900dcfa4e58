use super::*;
use proptest::prelude::*;

fn message<T: FromStr<Err = QuantityError>>(text: &str) -> String {
    match text.parse::<T>() {
        Ok(_) => panic!("{text} is good"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_unit_has_its_factor() {
    fn check<T: FromStr<Err = QuantityError> + Copy>(value: fn(T) -> f64, units: &[(&str, f64)]) {
        for &(unit, expected) in units {
            let parsed: T = format!("20{unit}").parse().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(value(parsed), expected, "{unit}");
        }
    }
    check(
        Duration::as_secs,
        &[
            ("ns", 2e-8),
            ("us", 2e-5),
            ("µs", 2e-5),
            ("μs", 2e-5),
            ("ms", 0.02),
            ("s", 20.0),
            ("min", 1200.0),
            ("h", 72_000.0),
            ("d", 1_728_000.0),
        ],
    );
    check(
        DataSize::as_bytes,
        &[
            ("bit", 2.5),
            ("kbit", 2500.0),
            ("Mbit", 2.5e6),
            ("Gbit", 2.5e9),
            ("Tbit", 2.5e12),
            ("B", 20.0),
            ("kB", 2e4),
            ("MB", 2e7),
            ("GB", 2e10),
            ("TB", 2e13),
            ("KiB", 20480.0),
            ("MiB", 20_971_520.0),
            ("GiB", 21_474_836_480.0),
            ("TiB", 21_990_232_555_520.0),
            ("KB", 2e4),
        ],
    );
    check(
        DataRate::as_bps,
        &[
            ("bps", 20.0),
            ("kbps", 2e4),
            ("Mbps", 2e7),
            ("Gbps", 2e10),
            ("Tbps", 2e13),
            ("bit/s", 20.0),
            ("kbit/s", 2e4),
            ("Mbit/s", 2e7),
            ("Gbit/s", 2e10),
            ("Tbit/s", 2e13),
            ("kb/s", 2e4),
            ("Mb/s", 2e7),
            ("Gb/s", 2e10),
            ("B/s", 160.0),
            ("kB/s", 16e4),
            ("MB/s", 16e7),
            ("GB/s", 16e10),
            ("TB/s", 16e13),
            ("KiB/s", 163_840.0),
            ("MiB/s", 167_772_160.0),
            ("GiB/s", 171_798_691_840.0),
        ],
    );
    check(Frequency::as_hz, &[("Hz", 20.0), ("kHz", 2e4), ("MHz", 2e7), ("GHz", 2e10), ("THz", 2e13)]);
    check(Length::as_metres, &[("mm", 0.02), ("cm", 0.2), ("m", 20.0), ("km", 2e4)]);
    check(Speed::as_metres_per_second, &[("m/s", 20.0), ("km/h", 100.0 / 18.0), ("kmh", 100.0 / 18.0)]);
    check(Power::as_watts, &[("mW", 0.02), ("W", 20.0), ("kW", 2e4), ("MW", 2e7)]);
    check(
        Energy::as_joules,
        &[
            ("mJ", 0.02),
            ("J", 20.0),
            ("kJ", 2e4),
            ("MJ", 2e7),
            ("mWh", 72.0),
            ("Wh", 72e3),
            ("kWh", 72e6),
            ("MWh", 72e9),
        ],
    );
    check(
        EnergyPerBit::as_nj_per_bit,
        &[("pJ/bit", 0.02), ("nJ/bit", 20.0), ("uJ/bit", 2e4), ("mJ/bit", 2e7), ("J/bit", 2e10)],
    );
    check(Instructions::as_mi, &[("MI", 20.0), ("GI", 2e4)]);
    check(InstructionRate::as_mips, &[("MIPS", 20.0), ("GIPS", 2e4)]);
    check(FloatingPointWork::as_gflop, &[("MFLOP", 0.02), ("GFLOP", 20.0), ("TFLOP", 2e4)]);
    check(FloatingPointRate::as_gflops, &[("MFLOPS", 0.02), ("GFLOPS", 20.0), ("TFLOPS", 2e4)]);
    check(Gain::as_db, &[("dB", 20.0), ("db", 20.0), ("dBi", 20.0)]);
    check(PowerLevel::as_dbm, &[("dBm", 20.0), ("dbm", 20.0)]);
    check(Ratio::as_fraction, &[("%", 0.2)]);
    assert_eq!("0.5".parse::<Ratio>().map(Ratio::as_fraction), Ok(0.5));
}

#[test]
fn numbers_may_have_sign_exponent_and_white_space() {
    for (text, expected) in [
        (" 20 ms ", 0.02),
        ("+20ms", 0.02),
        ("2e1 ms", 0.02),
        ("2E+1ms", 0.02),
        (".5 s", 0.5),
        ("5. s", 5.0),
    ] {
        assert_eq!(text.parse::<Duration>().map(Duration::as_secs), Ok(expected), "{text}");
    }
    assert_eq!("-90.5 dBm".parse::<PowerLevel>().map(PowerLevel::as_dbm), Ok(-90.5));
}

#[test]
fn letter_case_matters_only_where_it_must() {
    assert_eq!("20 MS".parse::<Duration>().map(Duration::as_secs), Ok(0.02));
    assert_eq!("1 MIB".parse::<DataSize>().map(DataSize::as_bytes), Ok(1_048_576.0));
    assert_eq!("1 mbps".parse::<DataRate>().map(DataRate::as_bps), Ok(1e6));
    assert_eq!("1 mB/s".parse::<DataRate>().map(DataRate::as_bps), Ok(8e6));
    assert_eq!("1 ghz".parse::<Frequency>().map(Frequency::as_hz), Ok(1e9));
    assert_eq!(message::<Power>("1 mw"), "\"1 mw\" is not a power: unit \"mw\" could be mW or MW");
    assert_eq!(
        message::<DataSize>("1 Mb"),
        "\"1 Mb\" is not a data size: unit \"Mb\" is not known; use one of B, kB, MB, GB, TB, KiB, MiB, \
         GiB, TiB, bit, kbit, Mbit, Gbit, Tbit (for example \"5 MB\")"
    );
}

#[test]
fn errors_say_what_is_allowed() {
    for (text, problem) in [
        (
            "20 msec",
            "unit \"msec\" is not known; use one of ns, us, ms, s, min, h, d (for example \"20 ms\")",
        ),
        ("20", "it has no unit; use one of ns, us, ms, s, min, h, d (for example \"20 ms\")"),
        ("fast", "it does not start with a number; write for example \"20 ms\""),
        ("", "it does not start with a number; write for example \"20 ms\""),
        ("1-2 s", "it does not start with a number; write for example \"20 ms\""),
        ("inf s", "it does not start with a number; write for example \"20 ms\""),
        ("-1 ms", "it is below 0 s"),
        ("1e999 s", "it is too large"),
        ("1e308 d", "it is too large"),
    ] {
        assert_eq!(message::<Duration>(text), format!("\"{text}\" is not a duration: {problem}"));
    }
    assert_eq!(message::<Ratio>("150%"), "\"150%\" is not a ratio: it is above 1");
    assert_eq!(
        message::<Ratio>("1 x"),
        "\"1 x\" is not a ratio: unit \"x\" is not known; use no unit or one of % (for example \"25%\")"
    );
    assert_eq!(message::<Energy>("-1 J"), "\"-1 J\" is not an energy: it is below 0 J");
    let error = Duration::try_from_secs(f64::NAN).unwrap_err().to_string();
    assert_eq!(error, "NaN is not a duration: it is not a number");
    assert!(Gain::try_from_db(f64::NEG_INFINITY).is_err());
}

#[test]
fn the_shortest_exact_text_is_shown() {
    for (seconds, text) in [
        (0.0, "0 s"),
        (0.02, "20 ms"),
        (0.5, "0.5 s"),
        (1.0, "1 s"),
        (90.0, "90 s"),
        (3600.0, "1 h"),
        (86400.0, "1 d"),
        (1e-9, "1 ns"),
        (1e-12, "0.001 ns"),
        (1e25, "1e25 s"),
    ] {
        assert_eq!(Duration::from_secs(seconds).to_string(), text);
    }
    assert_eq!(DataSize::from_bytes(1500.0).to_string(), "1500 B");
    assert_eq!(DataSize::from_bytes(5e6).to_string(), "5 MB");
    assert_eq!(DataSize::from_bytes(2_147_483_648.0).to_string(), "2 GiB");
    assert_eq!(DataRate::from_bps(1e8).to_string(), "100 Mbps");
    assert_eq!(Gain::from_db(-3.0).to_string(), "-3 dB");
    assert_eq!(Ratio::from_fraction(0.25).to_string(), "0.25");
    assert_eq!(format!("{:>7}", Power::from_watts(250.0)), "  250 W");
}

#[test]
fn json_is_a_number_in_the_base_unit_or_a_text() {
    let read = |text: &str| serde_json::from_str::<Duration>(text).map_err(|e| e.to_string());
    assert_eq!(read("2"), Ok(Duration::from_secs(2.0)));
    assert_eq!(read("0.5"), Ok(Duration::from_secs(0.5)));
    assert_eq!(read("\"2 min\""), Ok(Duration::from_secs(120.0)));
    assert_eq!(read("-1"), Err("-1 is not a duration: it is below 0 s".to_owned()));
    assert_eq!(read("null"), Err("found null, expected a duration".to_owned()));
    assert_eq!(serde_json::to_string(&Duration::from_secs(0.02)).unwrap(), "\"20 ms\"");
    assert_eq!(serde_json::to_string(&Ratio::from_fraction(0.25)).unwrap(), "0.25");
}

#[test]
fn the_schema_names_quantity_and_unit_and_its_pattern_fits_all_units() {
    for kind in ALL {
        let schema = kind.schema();
        assert_eq!(schema.get("x-quantity"), Some(&kind.name.into()));
        assert_eq!(schema.get("x-unit"), Some(&kind.base_unit().into()));
        assert_eq!(QuantityKind::named(kind.name), Some(*kind));
        assert!(kind.parse(kind.example).is_ok());
        let pattern = schema.pointer("/anyOf/1/pattern").and_then(Value::as_str).unwrap_or_default();
        let pattern = regex::Regex::new(pattern).unwrap();
        for unit in kind.units {
            for text in [format!("0.5 {}", unit.name), format!("1e-1{}", unit.name)] {
                assert!(pattern.is_match(text.trim()) && kind.parse(&text).is_ok(), "{text}");
            }
        }
        assert!(!pattern.is_match("1 parsec"));
    }
    let number = Ratio::KIND.schema();
    assert_eq!(number.pointer("/anyOf/0/maximum"), Some(&1.0.into()));
}

#[test]
#[should_panic(expected = "not a duration")]
fn a_bad_constant_is_a_bug() {
    let _ = Duration::from_secs(-1.0);
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_exactly(value in prop_oneof![0.0..1e6_f64, 0.0..f64::MAX]) {
        for kind in ALL.iter().filter(|kind| value <= kind.maximum) {
            prop_assert_eq!(kind.parse(&kind.format(value)), Ok(value));
        }
    }

    #[test]
    fn any_text_gives_a_good_value_or_an_error(text in "[-+.0-9eE ]{0,8}[a-zA-Zµ/%]{0,5}|.*") {
        for kind in ALL {
            if let Ok(value) = kind.parse(&text) {
                prop_assert!(value.is_finite() && value >= kind.minimum && value <= kind.maximum);
            }
        }
    }
}

#[test]
fn quotes_escape_and_shorten() {
    assert_eq!(quoted("a\"b\n"), r#""a\"b\n""#);
    assert_eq!(quoted(&"é".repeat(100)).chars().count(), LONGEST_QUOTE + 3);
}
