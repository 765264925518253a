package io.repackd.objectdir;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Reads bits as deflate has them: of each byte the lowest first. Beyond the end there are zeros. For one thread. */
final class BitInput {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes = {};
  private int start;
  private int next;
  private int end;
  private long held;
  private int heldBits;

  void begin(byte[] input, int from, int to) {
    bytes = input;
    start = from;
    next = from;
    end = to;
    held = 0;
    heldBits = 0;
  }

  /** How many bits were taken. */
  long position() {
    return (next - start) * (long) Byte.SIZE - heldBits;
  }

  boolean beyondEnd() {
    return heldBits < 0;
  }

  /** Takes at most 16. */
  int take(int count) {
    fill();
    int value = (int) held & (1 << count) - 1;
    drop(count);
    return value;
  }

  /** Takes a symbol; negative if the code has none like this. */
  int symbol(PrefixCode code) {
    fill();
    int found = code.find((int) held);
    if (found < 0) {
      return found;
    }
    drop(PrefixCode.bits(found));
    return PrefixCode.symbol(found);
  }

  void align() {
    int beyond = (int) (position() % Byte.SIZE);
    if (beyond > 0) {
      int _ = take(Byte.SIZE - beyond);
    }
  }

  /** From a whole byte on. What lies beyond the end counts as there: nobody has to look at it. */
  void skipBytes(int count) {
    next = (int) (start + position() / Byte.SIZE) + count;
    held = 0;
    heldBits = 0;
  }

  private void fill() {
    if (heldBits >= 32 || heldBits < 0) {
      return;
    }
    if (end - next >= Long.BYTES) {
      held |= (long) LONGS.get(bytes, next) << heldBits;
      int taken = (Long.SIZE - 1 - heldBits) / Byte.SIZE;
      next += taken;
      heldBits += taken * Byte.SIZE;
      return;
    }
    while (next < end && heldBits <= Long.SIZE - Byte.SIZE) {
      held |= (bytes[next++] & 0xffL) << heldBits;
      heldBits += Byte.SIZE;
    }
  }

  private void drop(int count) {
    held >>>= count;
    heldBits -= count;
  }
}
