//! Calls into the kernel, by seccomp: no socket, no program, no other process, none of the doors around the rules for
//! files. A list of what is forbidden, since graphics drivers differ in what they need.

use std::collections::BTreeMap;

use seccompiler::{
    Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};

/// Forbidden whatever their arguments.
const FORBIDDEN: &[libc::c_long] = &[
    // The network, other programs' sockets among it.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Programs and other processes.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    // Ways around this filter or the rules for files.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_open_by_handle_at,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    // What the kernel's own faults are reached through.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
];

/// Older doors to the same, which newer architectures left out.
#[cfg(target_arch = "x86_64")]
const OLDER: &[libc::c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[libc::c_long] = &[];

/// The second set of numbers that an x86-64 kernel may answer to: the usual ones with this bit, and those calls that
/// have a number of their own there.
#[cfg(target_arch = "x86_64")]
const X32: Option<(libc::c_long, &[libc::c_long])> =
    Some((0x4000_0000, &[520, 521, 524, 528, 539, 540, 545]));
#[cfg(not(target_arch = "x86_64"))]
const X32: Option<(libc::c_long, &[libc::c_long])> = None;

/// Restricts all threads of this process.
pub(super) fn restrict() -> Result<(), Error> {
    let mut forbidden: BTreeMap<i64, Vec<SeccompRule>> = FORBIDDEN
        .iter()
        .chain(OLDER)
        .map(|&call| (call, vec![]))
        .collect();
    // A thread is made by a clone that shares all; anything else would be a process.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let process = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(thread),
        0,
    )
    .and_then(|condition| SeccompRule::new(vec![condition]))?;
    forbidden.insert(libc::SYS_clone, vec![process]);
    if let Some((bit, own)) = X32 {
        for call in FORBIDDEN.iter().chain(OLDER).chain(own) {
            forbidden.insert(call | bit, vec![]);
        }
        forbidden.insert(libc::SYS_clone | bit, vec![]);
        forbidden.insert(libc::SYS_clone3 | bit, vec![]);
    }
    // The filter can't look behind a pointer, where this call keeps its flags: the C library then takes `clone`.
    apply(
        BTreeMap::from([(libc::SYS_clone3, vec![])]),
        libc::ENOSYS.unsigned_abs(),
    )?;
    apply(forbidden, libc::EPERM.unsigned_abs())
}

fn apply(calls: BTreeMap<i64, Vec<SeccompRule>>, error: u32) -> Result<(), Error> {
    let filter = SeccompFilter::new(
        calls,
        SeccompAction::Allow,
        SeccompAction::Errno(error),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    apply_filter_all_threads(&program)
}
