package io.repackd.cli;

import io.repackd.maintenance.CycleOutcome;

/** The exit status of a command over several repositories: the worst of them counts. */
final class ExitStatus {
  /** EX_TEMPFAIL of sysexits.h: it is worth trying again. */
  static final int SKIPPED = 75;

  private static final int FAILED = 1;

  private boolean failed;
  private boolean skipped;

  void add(CycleOutcome outcome) {
    switch (outcome.result()) {
      case OK -> {}
      case SKIPPED, CANCELLED -> skipped();
      case DEGRADED, FAILED -> failed();
    }
  }

  void failed() {
    failed = true;
  }

  void skipped() {
    skipped = true;
  }

  int code() {
    if (failed) {
      return FAILED;
    }
    return skipped ? SKIPPED : 0;
  }
}
