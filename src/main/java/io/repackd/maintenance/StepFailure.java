package io.repackd.maintenance;

/** A step cannot go on, and the cycle ends with it. Nothing is half done. */
final class StepFailure extends Exception {
  private static final long serialVersionUID = 1;

  private final Result result;
  private final String reason;
  private final String detail;

  /**
   * A failure.
   *
   * @param result how the cycle ends
   * @param reason why, in a word for metrics
   * @param detail why, for a person
   */
  StepFailure(Result result, String reason, String detail) {
    super(detail);
    this.result = result;
    this.reason = reason;
    this.detail = detail;
  }

  Result result() {
    return result;
  }

  String reason() {
    return reason;
  }

  String detail() {
    return detail;
  }
}
