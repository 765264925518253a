package io.repackd.maintenance;

import io.repackd.midx.Fault;
import java.util.List;

/** Something else than an inspection was asked for, and the multi-pack-index or a pack is not as it has to be for that. */
public final class IndexFaultsException extends RequestFailedException {
  private static final long serialVersionUID = 1;

  private final transient List<Fault> faults;

  IndexFaultsException(List<Fault> faults) {
    super(faults.getFirst().message());
    this.faults = List.copyOf(faults);
  }

  /** What is wrong; at least one fault. */
  public List<Fault> faults() {
    return faults;
  }
}
