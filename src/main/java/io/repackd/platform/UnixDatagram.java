package io.repackd.platform;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/**
 * Sends one datagram to a Unix domain socket. The JDK has Unix domain sockets for streams only.
 *
 * <p>Numbers and layouts are those of Linux (unix(7), socket(2)), where the only receiver, systemd, is. Loading this class
 * prepares the calls into the C library, so it is loaded only where there is somebody to notify.
 */
final class UnixDatagram {
  private static final short AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;

  /** {@code sizeof(sun_path)}; an abstract name may fill it, a path ends with a zero byte. */
  private static final int PATH_BYTES = 108;

  private static final int FAMILY_BYTES = 2;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option KEEP_ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SOCKET =
      call("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT), KEEP_ERRNO);
  private static final MethodHandle SENDTO =
      call(
          "sendto",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT),
          KEEP_ERRNO);
  private static final MethodHandle CLOSE =
      call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle STRERROR =
      call("strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private UnixDatagram() {}

  /**
   * Sends a datagram.
   *
   * @param socket the path of the receiver's socket, or its abstract name after {@code @}
   * @throws IOException if the C library says so; the message is its own
   */
  static void send(String socket, byte[] message) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      byte[] path = socket.getBytes(StandardCharsets.UTF_8);
      boolean isAbstract = path[0] == '@';
      if (path.length > (isAbstract ? PATH_BYTES : PATH_BYTES - 1)) {
        throw new IOException("the name is longer than " + (PATH_BYTES - 1) + " bytes");
      }
      MemorySegment address = arena.allocate(FAMILY_BYTES + PATH_BYTES, Short.BYTES);
      address.set(JAVA_SHORT, 0, AF_UNIX);
      MemorySegment.copy(path, 0, address, JAVA_BYTE, FAMILY_BYTES, path.length);
      if (isAbstract) {
        address.set(JAVA_BYTE, FAMILY_BYTES, (byte) 0);
      }
      int addressBytes = FAMILY_BYTES + path.length + (isAbstract ? 0 : 1);
      MemorySegment text = arena.allocateFrom(JAVA_BYTE, message);

      int descriptor = (int) SOCKET.invokeExact(state, (int) AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (descriptor < 0) {
        throw failure(state);
      }
      long sent =
          (long)
              SENDTO.invokeExact(
                  state,
                  descriptor,
                  text,
                  (long) message.length,
                  MSG_NOSIGNAL,
                  address,
                  addressBytes);
      IOException failure = sent == message.length ? null : failure(state);
      int closed = (int) CLOSE.invokeExact(descriptor);
      if (failure != null) {
        throw failure;
      }
      if (closed != 0) {
        throw new IOException("the socket cannot be closed");
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library throws nothing", e);
    }
  }

  private static IOException failure(MemorySegment state) throws Throwable {
    int errno = (int) ERRNO.get(state, 0L);
    MemorySegment message = (MemorySegment) STRERROR.invokeExact(errno);
    return new IOException(message.reinterpret(Integer.MAX_VALUE).getString(0));
  }

  private static MethodHandle call(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
  }
}
