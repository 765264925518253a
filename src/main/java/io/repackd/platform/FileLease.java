package io.repackd.platform;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A descriptor of a file on which a write lease can be taken: the kernel's own answer to the question whether anybody else uses
 * that file.
 *
 * <p>The lease is granted only while nobody else on this machine has the file open or mapped, be it another user, in a container
 * or in another pid namespace; a mapping whose descriptor was closed counts too. It goes by inode, so it also answers for a file
 * whose name has gone. While it is held, whoever opens the file waits until it is released, and then goes on with it, unlinked or
 * not. So it is held for moments only. Source: fcntl(2), "Leases".
 *
 * <p>Not every file system grants leases, nor everybody: it takes the owner of the file, or CAP_LEASE. A network file system knows
 * the readers of this machine alone. Where the answer is not to be had it is {@link Use#UNKNOWN}, which proves nothing.
 *
 * <p>Who waits for a lease makes the kernel send a signal to its holder. That is SIGIO unless another is chosen, and SIGIO ends a
 * process that does not expect it. So SIGURG is chosen, which is ignored by default, before a lease is asked for.
 *
 * <p>Descriptors and mappings of this process count as anybody's: there may be no other of the file than this one.
 */
public final class FileLease implements AutoCloseable {
  // Source: fcntl.h, asm-generic/fcntl.h and signal.h of Linux; the same on x86-64, aarch64 and
  // riscv64.
  private static final int O_RDONLY = 0;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;
  private static final int F_SETSIG = 10;
  private static final int F_SETLEASE = 1024;
  private static final int F_GETLEASE = 1025;
  private static final int F_WRLCK = 1;
  private static final int F_UNLCK = 2;
  private static final int SIGURG = 23;
  private static final int EAGAIN = 11;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option KEEP_ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle OPEN =
      call(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          KEEP_ERRNO,
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle FCNTL =
      call(
          "fcntl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
          KEEP_ERRNO,
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle STRERROR =
      call("strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private final Path file;
  private final int descriptor;
  private String whyUnknown = "";
  private boolean closed;

  /** Whether somebody else uses a file. */
  public enum Use {
    /** Nobody does. The lease is held, and nobody comes to it before it is released. */
    NOBODY,
    /** Somebody has it open or mapped. */
    SOMEBODY,
    /** The kernel does not say. */
    UNKNOWN
  }

  /** Somebody else holds a lease on the file, so that opening it would have to wait. */
  public static final class LeasedException extends IOException {
    private static final long serialVersionUID = 1;

    LeasedException(String message) {
      super(message);
    }
  }

  private FileLease(Path file, int descriptor) {
    this.file = file;
    this.descriptor = descriptor;
  }

  /**
   * Opens a file for reading. No lease is taken yet.
   *
   * @throws LeasedException if somebody else holds a lease on it
   * @throws IOException if the C library says so; the message names the file
   */
  public static FileLease open(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      MemorySegment path = arena.allocateFrom(file.toString(), StandardCharsets.UTF_8);
      // Where somebody else holds a lease, or a pipe has taken the place of the file, it does not
      // wait.
      int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
      int descriptor = (int) OPEN.invokeExact(state, path, flags);
      if (descriptor < 0 && errno(state) == EAGAIN) {
        throw new LeasedException("somebody else holds a lease on " + file);
      }
      if (descriptor < 0) {
        throw new IOException("cannot open %s: %s".formatted(file, text(errno(state))));
      }
      return new FileLease(file, descriptor);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library throws nothing", e);
    }
  }

  /** Asks for the lease. */
  public synchronized Use take() {
    requireOpen();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      if ((int) FCNTL.invokeExact(state, descriptor, F_SETSIG, SIGURG) == 0
          && (int) FCNTL.invokeExact(state, descriptor, F_SETLEASE, F_WRLCK) == 0) {
        return Use.NOBODY;
      }
      if (errno(state) == EAGAIN) {
        return Use.SOMEBODY;
      }
      whyUnknown = text(errno(state));
      return Use.UNKNOWN;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library throws nothing", e);
    }
  }

  /** Whether the lease is held, and nobody waits for it. */
  public synchronized boolean undisturbed() {
    return !closed && control(F_GETLEASE, 0) == F_WRLCK;
  }

  /** Gives the lease back: whoever waits for it goes on. The file stays open. */
  public synchronized void release() {
    requireOpen();
    control(F_SETLEASE, F_UNLCK);
  }

  /** Why the kernel did not say who uses the file, in its own words; empty if it did. */
  public synchronized String whyUnknown() {
    return whyUnknown;
  }

  /** The path by which it was opened. */
  public Path file() {
    return file;
  }

  /** Closes the file; a lease ends with that. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      int ignored = (int) CLOSE.invokeExact(descriptor);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library throws nothing", e);
    }
  }

  private int control(int command, int argument) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      return (int) FCNTL.invokeExact(state, descriptor, command, argument);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library throws nothing", e);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(file + " is closed");
    }
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }

  private static String text(int errno) throws Throwable {
    MemorySegment message = (MemorySegment) STRERROR.invokeExact(errno);
    return message.reinterpret(Integer.MAX_VALUE).getString(0);
  }

  private static MethodHandle call(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
  }
}
