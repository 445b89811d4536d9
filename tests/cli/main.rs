//! The command as its users see it: arguments in, streams and exit codes out.

mod advise;
mod check;
mod ci;
mod compare;
mod conform;
mod help;
mod hpa;
mod init;
mod interrupt;
mod run;
mod streams;
mod support;
mod sweep;
mod test;
mod why;
