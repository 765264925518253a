package io.repackd;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Another umask for this process and those that it starts, until it is closed. Source: umask(2). */
public final class Umask implements AutoCloseable {
  private static final MethodHandle UMASK =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("umask").orElseThrow(),
              FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private final int before;

  private Umask(int before) {
    this.before = before;
  }

  /** Sets it. */
  public static Umask of(int bits) {
    return new Umask(set(bits));
  }

  private static int set(int bits) {
    try {
      return (int) UMASK.invokeExact(bits);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    set(before);
  }
}
