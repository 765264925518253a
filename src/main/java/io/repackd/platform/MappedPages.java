package io.repackd.platform;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Gives back what a process has read of mapped files. The content stays in the page cache as long as there is room; but it is no
 * longer the process's own, and its limit of memory is not used up by files.
 */
public final class MappedPages {
  /** Source: madvise(2); the same on all machines that Linux runs on. */
  private static final int MADV_DONTNEED = 4;

  private MappedPages() {}

  /** The function is looked up when it is first needed: that takes a while. */
  private static final class Madvise {
    private static final MethodHandle HANDLE = handle();

    private static MethodHandle handle() {
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find("madvise")
          .map(address ->
              linker.downcallHandle(
                  address,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.JAVA_LONG,
                      ValueLayout.JAVA_INT)))
          .orElseThrow();
    }
  }

  /**
   * Gives back the pages of a mapping that is only read: what is read again comes from the file again. It is advice, and a system
   * that does not take it does no harm.
   *
   * @param mapping a whole file as it was mapped, read-only
   */
  public static void release(MemorySegment mapping) {
    // A mapping whose lifetime was changed says no more that it is one. Memory that somebody wrote
    // to would be emptied.
    if (!mapping.isNative() || !mapping.isReadOnly()) {
      return;
    }
    try {
      int _ = (int) Madvise.HANDLE.invokeExact(mapping, mapping.byteSize(), MADV_DONTNEED);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
