# SPDX-License-Identifier: BSD-2-Clause
"""The command line of atoll-qemu."""
import argparse
import os
import sys
import time

from . import image, outcome, qemu, records, session, xlcfg

EPILOG = """\
exit status:
  0  all guests given with --domain powered off, or the commands ran
  1  a guest crashed or asked for a crash
  2  wrong usage or configuration
  3  time-out
  4  the hypervisor stopped

A guest needs two files: its kernel and a configuration in xl's syntax, in which kernel=, ramdisk=
and the targets of disk= are paths on this machine, counted from the configuration's folder. A disk's
target may also be the name of a volume.
The system is taken from build/, or from the folder that ATOLL_BUILD names.
"""
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
# What the machine needs beside its guests: hypervisor, control domain, firmware, boot modules.
BASE_MEMORY = 384
DEFAULT_MEMORY = 1024
LAST_WORDS_SECONDS = 0.1


def parser():
    def positive(text):
        number = int(text)
        if number <= 0:
            raise argparse.ArgumentTypeError("a number above 0 is wanted")
        return number

    made = argparse.ArgumentParser(prog="atoll-qemu", description="Runs Atoll in QEMU.",
                                   epilog=EPILOG, allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--cpu", choices=("amd", "intel"), default="amd",
                      help="the CPU's vendor (amd)")
    made.add_argument("--boot", choices=("uefi", "grub"),
                      help="firmware and loader (uefi; with --icount grub)")
    made.add_argument("--smp", type=positive, default=1, metavar="N", help="host CPUs (1)")
    made.add_argument("--mem", type=positive, metavar="MiB",
                      help=f"host memory (what the guests need, {DEFAULT_MEMORY} at least)")
    made.add_argument("--icount", action="store_true",
                      help="a TSC tick is an executed instruction; runs repeat exactly")
    made.add_argument("--timeout", type=positive, metavar="SECONDS", help="stop after this time")
    made.add_argument("--domain", action="append", default=[], metavar="FILE.cfg",
                      help="a guest to start at boot; may be given again")
    made.add_argument("--disk", action="append", default=[], metavar="FILE",
                      help="a raw image as a virtio disk: vda, vdb, ... in this order")
    made.add_argument("--net", choices=("user", "none"), default="none",
                      help="a network card, eth0, which QEMU connects to this machine's network as"
                           " a user's program (none)")
    made.add_argument("--exec", metavar="'COMMAND; COMMAND'", dest="commands", default="",
                      help="commands for the shell once the guests are created")
    made.add_argument("--log", metavar="DIR",
                      help="leave hypervisor.log and NAME.log for each guest's console here")
    made.add_argument("--interactive", action="store_true",
                      help="this terminal is the machine's console; Ctrl-a x quits")
    return made


def make_bundle(options):
    """The files of the machine that `options` ask for."""
    bundle = image.from_build(os.environ.get("ATOLL_BUILD", os.path.join(TOP, "build")))
    bundle.options = f"console=com1 debug-exit={qemu.DEBUG_EXIT_PORT:#x}"
    bundle.control_options = "report=com2"
    for path in options.disk:
        bundle.disk_name(path)
    for path in options.domain:
        bundle.add_domain(path)
    return bundle


def split_commands(text):
    """The commands in the argument of --exec."""
    commands = [command.strip() for command in text.split(";") if command.strip()]
    for command in commands:
        try:
            records.exec_line(1, command)
        except records.RecordError as error:
            raise image.ImageError(f"--exec: {error}") from error
    return commands


def make_machine(options, bundle):
    if options.log:
        os.makedirs(options.log, exist_ok=True)
    memory = options.mem or max(DEFAULT_MEMORY, bundle.guest_memory + BASE_MEMORY)
    return qemu.Machine(boot=options.boot or ("grub" if options.icount else "uefi"),
                        smp=options.smp, mem=memory, icount=options.icount,
                        interactive=options.interactive, log=options.log,
                        disks=bundle.disks, net=options.net)


def follow(running, timeout):
    """Polls until the run is over; gives the exit status."""
    end = time.monotonic() + timeout if timeout else None
    shown = set()
    interactive = running.machine.interactive
    while True:
        left = end - time.monotonic() if end else 1
        if left <= 0:
            return outcome.TIMEOUT
        alive = running.poll(min(left, 1))
        show_answers(running, shown)
        status = running.outcome.verdict()
        if status is not None and not interactive:
            # What stands behind the deciding line, on the other port too.
            running.poll(LAST_WORDS_SECONDS)
            return status
        if not alive:
            return running.outcome.qemu_verdict(running.process.wait(), interactive)


def show_answers(running, shown):
    """Prints what the commands that have ended gave back."""
    for number, status in running.statuses.items():
        if number in shown:
            continue
        shown.add(number)
        sys.stdout.write(running.answers.get(number, b"").decode("utf-8", "replace"))
        sys.stdout.flush()
        if status:
            complain(f"command {number} ended with status {status}")


def explain(running, status):
    for name in running.outcome.crashed:
        complain(f"guest {name} crashed")
    for sentence in [*running.outcome.refused, running.outcome.refusal]:
        if sentence:
            complain(sentence)
    if status == outcome.TIMEOUT:
        complain("time-out")
    if status == outcome.STOPPED:
        complain("the hypervisor stopped")


def complain(text):
    print(f"atoll-qemu: {text}", file=sys.stderr, flush=True)


def main(arguments):
    """Runs the command line; gives the exit status. argparse itself exits 2 on wrong usage."""
    options = parser().parse_args(arguments)
    if options.cpu == "intel":
        complain("there is no support for VT-x: use --cpu amd")
        return outcome.USAGE
    try:
        commands = split_commands(options.commands)
        bundle = make_bundle(options)
        machine = make_machine(options, bundle)
        stream = None if options.interactive else sys.stdout
        if options.interactive:
            complain("this terminal is the machine's console; Ctrl-a x quits")
        with session.Session(bundle, machine, commands, stream) as running:
            status = follow(running, options.timeout)
        explain(running, status)
        return status
    except (image.ImageError, xlcfg.ConfigError) as error:
        complain(error)
        return outcome.USAGE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else error)
        return outcome.USAGE
    except records.RecordError as error:
        complain(f"the control domain's report is damaged: {error}")
        return outcome.STOPPED
    except KeyboardInterrupt:
        return 128 + 2
