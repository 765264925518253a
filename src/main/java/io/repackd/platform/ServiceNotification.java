package io.repackd.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager how the daemon is, by the protocol of sd_notify(3): a datagram of {@code NAME=value} lines to
 * the socket in {@code $NOTIFY_SOCKET}. Without that variable nobody listens, and nothing is done.
 *
 * <p>A notification that cannot be sent is logged, the first time, and otherwise ignored: the work is more important than
 * that somebody hears of it.
 */
public final class ServiceNotification {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceNotification.class);

  private final @Nullable String socket;
  private final @Nullable Duration watchdogInterval;
  private volatile boolean complained;

  private ServiceNotification(@Nullable String socket, @Nullable Duration watchdogInterval) {
    this.socket = socket;
    this.watchdogInterval = watchdogInterval;
  }

  /**
   * Reads {@code NOTIFY_SOCKET}, {@code WATCHDOG_USEC} and {@code WATCHDOG_PID}.
   *
   * @param environment the environment of this process
   * @param processId the id of this process; a watchdog which is set for another one is not ours to feed
   */
  public static ServiceNotification of(Map<String, String> environment, long processId) {
    String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
    if (!socket.startsWith("/") && !socket.startsWith("@")) {
      return new ServiceNotification(null, null);
    }
    String watched = environment.getOrDefault("WATCHDOG_PID", "");
    boolean ours = watched.isEmpty() || watched.equals(Long.toString(processId));
    return new ServiceNotification(
        socket, ours ? interval(environment.getOrDefault("WATCHDOG_USEC", "")) : null);
  }

  /** Half the time after which the service manager gives up, as sd_watchdog_enabled(3) advises. */
  private static @Nullable Duration interval(String microseconds) {
    try {
      long timeout = Long.parseLong(microseconds);
      return timeout > 1 ? Duration.ofNanos(timeout * 1000 / 2) : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** How often {@link #alive} is to be called; empty if nobody watches. */
  public Optional<Duration> watchdogInterval() {
    return Optional.ofNullable(watchdogInterval);
  }

  /** The start is over, or the reload. */
  public void ready(String status) {
    send("READY=1\nSTATUS=" + oneLine(status));
  }

  /** A reload begins; {@link #ready} ends it. */
  public void reloading() {
    // On Linux nanoTime is CLOCK_MONOTONIC, which is what the service manager compares with.
    send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1000);
  }

  /** The daemon is on its way out. */
  public void stopping(String status) {
    send("STOPPING=1\nSTATUS=" + oneLine(status));
  }

  /** What {@code systemctl status} shows in its Status line. */
  public void status(String status) {
    send("STATUS=" + oneLine(status));
  }

  /** Feeds the watchdog. */
  public void alive() {
    send("WATCHDOG=1");
  }

  private void send(String message) {
    if (socket == null) {
      return;
    }
    try {
      UnixDatagram.send(socket, message.getBytes(StandardCharsets.UTF_8));
      complained = false;
    } catch (IOException e) {
      if (!complained) {
        complained = true;
        LOG.warn("cannot notify the service manager at {}: {}", socket, e.getMessage());
      }
    }
  }

  private static String oneLine(String text) {
    return text.replace('\n', ' ');
  }
}
