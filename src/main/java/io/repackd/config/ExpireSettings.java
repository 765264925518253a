package io.repackd.config;

import java.time.Duration;

/**
 * Settings of the expire step.
 *
 * @param enabled whether packs are deleted at all
 * @param minAge for how long a pack has to be unreferenced, at least, before it is deleted
 * @param minAgeUnseen the same where there may be readers of whom nothing can be known
 */
public record ExpireSettings(boolean enabled, Duration minAge, Duration minAgeUnseen) {
  /** Settings for which it makes no difference who can be seen. */
  public ExpireSettings(boolean enabled, Duration minAge) {
    this(enabled, minAge, minAge);
  }
}
