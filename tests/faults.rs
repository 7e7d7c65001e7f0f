//! The faults that slackline promises to survive, each with the real program on a real broker. The
//! promises are asserted, the measured figures are printed.
//!
//! `tests/faults.sh` runs all of them in full; `.ci/run` runs the short form.

mod report;

mod load;

mod random;

mod mix;

mod traffic;

mod team;

mod kill;

mod members;

mod shared_group;

mod broker;

mod cut_off;

mod commits;

mod slack;

mod topics;

mod mirror;

mod restore;

mod apps;
