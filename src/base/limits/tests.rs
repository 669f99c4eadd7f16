use super::*;

#[test]
fn the_worst_cases_of_all_caps_together_stay_below_every_budget() {
    for megabytes in [64, 65, 100, 128, 200, 256, 500, 1000, 1024, 1025, 2048, 8192, 1 << 20] {
        let limits = Limits::within(megabytes * MIB);
        assert_eq!(limits.max_memory, megabytes * MIB);
        assert!(
            limits.worst_case() <= limits.max_memory,
            "{megabytes} MiB: {} MiB",
            limits.worst_case() / MIB
        );
        // And not far below: a budget is there to be used.
        assert!(limits.worst_case() >= limits.max_memory / 4 * 3, "{megabytes} MiB");
    }
    assert!(Limits::default().worst_case() <= Limits::DEFAULT_MEMORY);
}

#[test]
fn the_defaults_are_what_a_gibibyte_gives() {
    assert_eq!(Limits::within(1 << 30), Limits::default());
}

#[test]
fn a_smaller_budget_makes_no_cap_larger_and_none_zero() {
    let mut before = Limits::within(16 << 30);
    for budget in [4 << 30, 1 << 30, 512 << 20, 128 << 20, 64 << 20, 1] {
        let limits = Limits::within(budget);
        for limit in Limits::ALL {
            assert!(limit.of(&limits) > 0 && limit.of(&limits) <= limit.of(&before), "{}", limit.name);
        }
        before = limits;
    }
}

#[test]
fn what_is_part_of_another_cap_is_no_larger_than_that() {
    for budget in [1 << 30, 64 << 20] {
        let limits = Limits::within(budget);
        assert!(limits.half_open <= limits.connections);
        assert!(limits.sessions <= limits.connections);
        assert!(limits.kept_per_session <= limits.kept_bytes / 4);
        assert!(limits.reassembly_per_stream <= limits.reassembly_total);
    }
}

#[test]
fn caps_are_set_by_name_with_dashes_or_underscores() {
    let mut limits = Limits::default();
    assert!(limits.set("line-length", 100) && limits.set("reply_lines", 7));
    assert_eq!((limits.line_length, limits.reply_lines), (100, 7));
    assert!(!limits.set("max_memory", 1) && !limits.set("", 1));
}

#[test]
fn the_table_tells_every_cap_with_its_reason() {
    let table = Limits::default().table();
    for limit in Limits::ALL {
        assert!(table.contains(limit.name) && limit.reason.len() > 20, "{}", limit.name);
    }
    assert!(table.lines().all(|line| line.len() <= 110), "{table}");
}

#[test]
fn every_cap_that_can_be_reached_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = LimitName::ALL.iter().map(|name| name.name()).collect();
    assert_eq!(names.len(), LimitName::ALL.len());
}

#[test]
fn a_set_of_caps_holds_those_that_were_reached_by_name() {
    let mut counts = LimitCounts::default();
    assert!(counts.is_empty() && counts.names().is_empty());
    for &name in LimitName::ALL {
        counts.reached(name);
        assert!(counts.names().contains(name));
        let one: LimitSet = [name].into_iter().collect();
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(json, format!("[\"{}\"]", name.name()));
        assert_eq!(serde_json::from_str::<LimitSet>(&json).unwrap(), one);
    }
    assert!(counts.names().iter().eq(LimitName::ALL.iter().copied()));
}
