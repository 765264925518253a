package io.repackd.platform;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How much memory there is for this process: that of its control group, or the machine's. */
public final class Memory {
  private Memory() {}

  /**
   * A part of it.
   *
   * @param part one in so many: 1 is all
   * @param leastBytes no less than this
   * @param mostBytes no more than this
   * @return a number of bytes
   */
  public static long share(int part, long leastBytes, long mostBytes) {
    // The virtual machine reads the limits of the control group it runs in.
    long all =
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize()
            : 0;
    return Math.clamp(all / part, leastBytes, mostBytes);
  }
}
