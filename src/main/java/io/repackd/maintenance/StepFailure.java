package io.repackd.maintenance;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A step cannot go on, and the cycle ends with it. Nothing is half done. */
final class StepFailure extends Exception {
  private static final long serialVersionUID = 1;

  private final Result result;
  private final String reason;
  private final transient Supplier<String> finding;
  private @Nullable String detail;

  /**
   * A failure.
   *
   * @param result how the cycle ends
   * @param reason why, in a word for metrics
   * @param detail why, for a person
   */
  StepFailure(Result result, String reason, String detail) {
    this(result, reason, () -> detail);
  }

  /**
   * A failure under a lock that others wait for, which it would take a while to describe.
   *
   * @param detail asked when somebody wants to read it, and once
   */
  StepFailure(Result result, String reason, Supplier<String> detail) {
    this.result = result;
    this.reason = reason;
    this.finding = detail;
  }

  Result result() {
    return result;
  }

  String reason() {
    return reason;
  }

  synchronized String detail() {
    if (detail == null) {
      detail = finding.get();
    }
    return detail;
  }

  @Override
  public String getMessage() {
    return detail();
  }
}
