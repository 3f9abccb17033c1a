//! Networks: `cidrsubnet`, `cidrhost` and `cidrnetmask`, for IPv4.

use crate::input::terraform::unknown::failed;
use crate::input::terraform::val::Val;
use crate::span::Span;
use std::net::Ipv4Addr;

/// The result of one of these; `None` for IPv6.
pub(super) fn call(name: &str, arguments: &[Val], span: Span) -> Option<Val> {
    let text = |at: usize| arguments.get(at).and_then(Val::known);
    let prefix = text(0)?;
    let Some((address, length)) = prefix.split_once('/') else { return Some(failed(span)) };
    let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
    let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
    let network = u64::from(address) & mask(length);
    let shown = |address: u64| u32::try_from(address).ok().map(Ipv4Addr::from);
    match (name, arguments.len()) {
        ("cidrnetmask", 1) => Some(Val::text(&shown(mask(length))?.to_string(), span)),
        ("cidrhost", 2) => {
            let number: i64 = text(1)?.parse().ok()?;
            let size = 1i64 << (32 - length);
            let number = if number < 0 { number + size } else { number };
            if !(0..size).contains(&number) {
                return Some(failed(span));
            }
            Some(Val::text(&shown(network + u64::try_from(number).ok()?)?.to_string(), span))
        }
        ("cidrsubnet", 3) => {
            let (more, number): (u32, u64) = (text(1)?.parse().ok()?, text(2)?.parse().ok()?);
            let longer = length.checked_add(more).filter(|longer| *longer <= 32);
            let Some(longer) = longer.filter(|_| number < 1 << more.min(32)) else { return Some(failed(span)) };
            let address = shown(network + (number << (32 - longer)))?;
            Some(Val::text(&format!("{address}/{longer}"), span))
        }
        _ => None,
    }
}

/// The bits of a network of this length.
fn mask(length: u32) -> u64 {
    u64::from(u32::MAX) & !((1u64 << (32 - length)) - 1)
}
