package io.repackd.config;

import java.util.Locale;

/** By which rule it is decided what is put together. */
public enum RepackStrategy {
  /** By size, the oldest first, as much as {@link BatchSize} says. */
  BATCH,
  /** So that each pack has at least twice as many objects as the next smaller one. */
  GEOMETRIC;

  /** As a configuration writes it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
