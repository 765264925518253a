package io.repackd.daemon;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signals that the daemon follows. Handlers of our own rather than a shutdown hook: with a hook the exit status is that
 * of a killed process, and a second Ctrl-C waits like the first.
 *
 * <p>{@code sun.misc.Signal} is the only way to a signal. It is called by reflection because the compiler's warning about it
 * cannot be suppressed.
 */
final class Signals {
  /** The exit status of a process which SIGINT ended, as a shell counts it. */
  private static final int EXIT_INTERRUPTED = 128 + 2;

  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  private Signals() {}

  /** SIGHUP reloads; SIGTERM and SIGINT stop; a second SIGINT ends the process at once, which is safe at any time. */
  static void attach(Daemon daemon) {
    handle("HUP", daemon::reload);
    handle("TERM", daemon::stop);
    handle(
        "INT",
        () -> {
          if (!daemon.stop()) {
            Runtime.getRuntime().halt(EXIT_INTERRUPTED);
          }
        });
  }

  private static void handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object ours =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handler},
              (_, _, _) -> {
                action.run();
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), ours);
    } catch (InvocationTargetException e) { // The JVM was told to leave signals alone, with -Xrs.
      LOG.warn("cannot handle SIG{}: {}", name, String.valueOf(e.getCause()));
    } catch (ReflectiveOperationException e) {
      LOG.warn("cannot handle SIG{}: {}", name, e.toString());
    }
  }
}
