//! What packs keep as changes of another object, put together again.

/// Returns the object that `delta` makes of `base`, of no more than `most` bytes; `None`: it makes
/// no sense.
pub(super) fn apply(base: &[u8], mut delta: &[u8], most: usize) -> Option<Vec<u8>> {
    if size(&mut delta)? != base.len() {
        return None;
    }
    let len = size(&mut delta)?;
    let mut made = Vec::with_capacity(len.min(most));
    while let Some((&command, rest)) = delta.split_first() {
        delta = rest;
        let part = if command & 0x80 == 0 {
            let (new, rest) = delta.split_at_checked(usize::from(command)).filter(|_| command != 0)?;
            delta = rest;
            new
        } else {
            let from = number(command, 4, &mut delta)?;
            let len = number(command >> 4, 3, &mut delta)?;
            base.get(from..)?.get(..if len == 0 { 0x10000 } else { len })?
        };
        if made.len() + part.len() > len.min(most) {
            return None;
        }
        made.extend_from_slice(part);
    }
    (made.len() == len).then_some(made)
}

/// Takes a size off: seven bits a byte, the lowest first.
fn size(delta: &mut &[u8]) -> Option<usize> {
    let mut size = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = take(delta)?;
        size |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
    None
}

/// Takes a number off, of whose bytes only those are there that `given` has a bit for.
fn number(given: u8, bytes: u8, delta: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for byte in (0..bytes).filter(|byte| given & (1 << byte) != 0) {
        number |= usize::from(take(delta)?) << (8 * byte);
    }
    Some(number)
}

fn take(delta: &mut &[u8]) -> Option<u8> {
    let (first, rest) = delta.split_first()?;
    *delta = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"what was there";

    #[test]
    fn copies_and_what_is_new_make_the_object() {
        let delta = [14, 11, 0x90, 5, 3, b'i', b's', b' ', 0b1001_0001, 9, 3];
        assert_eq!(apply(BASE, &delta, 100).as_deref(), Some(&b"what is the"[..]));
        assert_eq!(apply(BASE, &delta, 10), None, "too large");
    }

    #[test]
    fn a_copy_without_a_length_is_of_64_kilobytes() {
        let base = vec![b'x'; 0x10001];
        let delta = [0x81, 0x80, 4, 0x80, 0x80, 4, 0b1000_0001, 1];
        assert_eq!(apply(&base, &delta, base.len()), Some(vec![b'x'; 0x10000]));
    }

    #[test]
    fn what_makes_no_sense_makes_nothing() {
        for bad in [
            &[][..],
            &[13, 1, 1, b'x'],
            &[14, 2, 1, b'x'],
            &[14, 1, 2, b'x', b'y'],
            &[14, 1, 2, b'x'],
            &[14, 1, 0],
            &[14, 9, 0b1001_0001, 9, 9],
            &[14, 1, 0x91, 1],
            &[0xff; 12],
        ] {
            assert_eq!(apply(BASE, bad, 100), None, "{bad:?}");
        }
    }
}
