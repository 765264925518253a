package io.repackd.objectdir;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a lock of another program is left alone.
 *
 * @param dead if it is certain that nobody holds it
 * @param unknown if nobody can tell; empty for ever
 */
public record LockPatience(Duration dead, Optional<Duration> unknown) {}
