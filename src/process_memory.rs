//! What this process holds of the machine's memory.
//!
//! In: the kernel's word (Linux: `/proc/self/status`). Out: bytes. Never here: what is held for whom, limits.

/// Bytes that are in memory now; none where the kernel does not tell.
pub fn resident() -> Option<u64> {
    told("VmRSS:")
}

/// The most that ever were.
pub fn peak() -> Option<u64> {
    told("VmHWM:")
}

fn told(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_is_in_memory_and_the_peak_remembers_it() {
        const MANY: usize = 300 << 20;
        let before = resident().expect("the kernel tells");
        let bytes = vec![1_u8; MANY];
        let with = resident().expect("the kernel tells");
        assert!(with >= before + MANY as u64 / 2, "{before} {with}");
        drop(std::hint::black_box(bytes));
        assert!(peak().expect("the kernel tells") >= before + MANY as u64 / 2);
    }
}
