"""The guided checks that gate the word *reconditionné*. Nothing is imported here: each module is a door of its own.

    results    what one check found (frozen, goes into the record), and how later results stand beside earlier ones
    registry   the list of checks as data: names, sentences, kind, what it needs, whether it gates
    parts      does this PC have the part at all? yes, no (and why), or unknown
    gate       `may_be_called_refurbished(machine, results)`: open or not, and what is missing
    lost       disks that answer no more, and a person's word that they are out of the PC
    journal    results kept in the station's home, so that a restart resumes
    running    one check at work in a thread of its own: this is what a screen drives
    runs       which function does which check (loads the device readers; the inventory never does)

How a screen drives a check (`runs.start`):

    around = Around(host=Host(), machine=machine)     # once; `is_wiping` tells checks to stay small beside a wipe
    run = start(BY_NAME["keyboard"], around, told)    # returns at once; the check works in its own thread
    …                                                 # told(event) is called from that thread:
                                                      #   Progress     a sentence, permille done, marks (keys seen)
                                                      #   Question     a sentence to ask, the answers it takes, a colour
                                                      #   CheckResult  the end: the last event, exactly one
    run.answer("ok")                                  # to a Question: one of its `answers`; others are ignored
    run.stop()                                        # ends soon, as `not_tested`; its child processes are gone then
    run.result                                        # None until the end; `run.wait(seconds)` waits for it
    journal.add(run.result)                           # durable; `results.merge(journal.results)` is the state
    complete(machine, journal.results)                # every check of this PC with its state: the list on the screen

`told` hops into a screen's own thread by the screen's own means (Textual: `call_later`). A check never raises into its
caller: a fault of the program or of a device ends as `not_tested` with its reason, never as `passed`. A person's word
alone, with no run (`rebond checks --answer`): `stamped(answered(machine, check, "ok"), around)`.
"""
