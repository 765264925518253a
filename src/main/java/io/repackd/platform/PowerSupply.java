package io.repackd.platform;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether the machine runs on its battery.
 *
 * <p>Source: Documentation/ABI/testing/sysfs-class-power of Linux.
 */
public final class PowerSupply {
  private static final Path SYS = Path.of("/sys/class/power_supply");

  private final Path directory;

  /** The power supply of this machine. */
  public PowerSupply() {
    this(SYS);
  }

  /** The power supply as a directory describes it. */
  public PowerSupply(Path directory) {
    this.directory = directory;
  }

  /** True if a battery of the machine is being emptied and no mains adapter is plugged in. */
  public boolean onBattery() {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    boolean discharging = false;
    try (DirectoryStream<Path> supplies = Files.newDirectoryStream(directory)) {
      for (Path supply : supplies) {
        boolean battery = read(supply, "type").equals("Battery");
        // The battery of a mouse has the scope Device.
        if (battery && !read(supply, "scope").equals("Device")) {
          discharging |= read(supply, "status").equals("Discharging");
        } else if (!battery && read(supply, "online").equals("1")) {
          return false;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return false;
    }
    return discharging;
  }

  private static String read(Path supply, String attribute) {
    try {
      return Files.readString(supply.resolve(attribute)).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
