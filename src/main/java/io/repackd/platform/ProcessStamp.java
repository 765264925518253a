package io.repackd.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Names one process for as long as the machine may be asked about it: a process id alone is used again, after a while and
 * after a reboot, on every host and in every container.
 *
 * <p>Written into locks and keep files, and read back after a crash to learn whether the owner is gone. Everything that is
 * not certain counts as alive.
 *
 * <p>Two machines may have one name and share a disk. While one runs, its boot id tells it from all others; that it was booted
 * since can only be said of a machine which is known to be the same. So its {@code machine-id(5)} is noted, too, but not in a
 * container: there that file comes with the image, and as many have it as were made of the image.
 *
 * @param host the host name
 * @param bootId the kernel's {@code /proc/sys/kernel/random/boot_id}
 * @param pidNamespace what {@code /proc/self/ns/pid} points to
 * @param pid the process id, in that namespace
 * @param startTicks field 22 of {@code /proc/PID/stat}: clock ticks from boot to the start of the process
 * @param machine the machine's id, 32 hexadecimal digits; empty if it is not known
 */
public record ProcessStamp(
    String host, String bootId, String pidNamespace, long pid, long startTicks, String machine) {
  /** How many hexadecimal digits a {@link #token} has. */
  public static final int TOKEN_DIGITS = 16;

  private static final Path PROC = Path.of("/proc");

  private static final Pattern MACHINE = Pattern.compile("[0-9a-f]{32}");

  /** The pid namespace of the machine itself has this number on every Linux: {@code PROC_PID_INIT_INO} of proc_ns.h. */
  private static final String PIDS_OF_MACHINE = "pid:[4026531836]";

  /** The stamp of this process. */
  public static ProcessStamp own() {
    return Own.STAMP;
  }

  /** One line for a lock file: {@code repackd PID on HOST start=… boot=… ns=… machine=…}. */
  public String render() {
    return "repackd %d on %s start=%d boot=%s ns=%s machine=%s"
        .formatted(pid, host, startTicks, bootId, pidNamespace, machine);
  }

  /** Reads back what {@link #render} wrote; empty for anything else. */
  public static Optional<ProcessStamp> parse(String line) {
    String[] words = line.strip().split(" ", -1);
    if (words.length != 8
        || !words[0].equals("repackd")
        || !words[2].equals("on")
        || !words[4].startsWith("start=")
        || !words[5].startsWith("boot=")
        || !words[6].startsWith("ns=")
        || !words[7].startsWith("machine=")) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new ProcessStamp(
              words[3],
              words[5].substring("boot=".length()),
              words[6].substring("ns=".length()),
              Long.parseLong(words[1]),
              Long.parseLong(words[4].substring("start=".length())),
              words[7].substring("machine=".length())));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Whether it is certain that the process has ended. One of another pid namespace never is. One of this boot is when its id is
   * free, or belongs to a process that started at another time; one of this machine when that was booted since.
   */
  public boolean provablyDead() {
    ProcessStamp own = own();
    if (bootId.isEmpty() || !bootId.equals(own.bootId)) {
      return endedWithItsBoot(own);
    }
    if (!isHere()) {
      return false;
    }
    try {
      return startTicks(pid) != startTicks;
    } catch (NoSuchFileException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether it is a process of this machine and pid namespace, so that it can be told whether it lives. */
  public boolean isHere() {
    ProcessStamp own = own();
    return !bootId.isEmpty()
        && bootId.equals(own.bootId)
        && !pidNamespace.isEmpty()
        && pidNamespace.equals(own.pidNamespace);
  }

  /** Whether it ran on the machine of another process, in an earlier boot than that. */
  boolean endedWithItsBoot(ProcessStamp now) {
    return host.equals(now.host)
        && !machine.isEmpty()
        && machine.equals(now.machine)
        && !bootId.isEmpty()
        && !now.bootId.isEmpty()
        && !bootId.equals(now.bootId);
  }

  /** The id of the machine, if it is one and not a container. Source: machine-id(5). */
  static String machine(Path file, String pidNamespace) {
    String id = firstLine(file);
    return pidNamespace.equals(PIDS_OF_MACHINE) && MACHINE.matcher(id).matches() ? id : "";
  }

  private static String firstLine(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** What tells the process from others of its machine, in hexadecimal digits: its id, and the last 32 bits of its start. */
  public String token() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits((int) pid) + hex.toHexDigits((int) startTicks);
  }

  /**
   * Whether a process lives, other than this one, that has the token. Only processes of the own machine and pid namespace are
   * known.
   *
   * @param token 16 hexadecimal digits
   */
  public static boolean anotherLives(String token) {
    if (token.equals(own().token())) {
      return false;
    }
    try {
      long startTicks = startTicks(HexFormat.fromHexDigits(token, 0, TOKEN_DIGITS / 2));
      return (int) startTicks == HexFormat.fromHexDigits(token, TOKEN_DIGITS / 2, TOKEN_DIGITS);
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Reads when a process started.
   *
   * @return clock ticks since boot
   * @throws NoSuchFileException if there is no such process
   * @throws IOException if that cannot be found out
   */
  static long startTicks(long pid) throws IOException {
    if (!Files.isDirectory(PROC.resolve("self"))) {
      throw new IOException("no process table at " + PROC);
    }
    return startTicksOf(
        Files.readString(
            PROC.resolve(Long.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1));
  }

  /** Field 22 of a {@code /proc/PID/stat}. */
  static long startTicksOf(String line) throws IOException {
    return field(line, 22);
  }

  /**
   * A number in a {@code /proc/PID/stat}, behind the second field: that one, the command's name, may itself hold blanks and
   * parentheses.
   *
   * @param number from 4, as proc(5) counts them
   */
  static long field(String line, int number) throws IOException {
    String[] fields = line.substring(line.lastIndexOf(')') + 1).strip().split(" ", -1);
    int index = number - 3;
    if (fields.length <= index) {
      throw new IOException("unreadable process state: " + line.strip());
    }
    return Long.parseLong(fields[index]);
  }

  private static final class Own {
    static final ProcessStamp STAMP = read();

    private static ProcessStamp read() {
      long pid = ProcessHandle.current().pid();
      long startTicks = -1;
      try {
        startTicks = startTicks(pid);
      } catch (IOException e) {
        // Without a process table nobody can be proven dead, ourselves included.
      }
      String namespace = namespace();
      return new ProcessStamp(
          firstLine(PROC.resolve("sys/kernel/hostname")),
          firstLine(PROC.resolve("sys/kernel/random/boot_id")),
          namespace,
          pid,
          startTicks,
          machine(Path.of("/etc/machine-id"), namespace));
    }

    private static String namespace() {
      try {
        return Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString();
      } catch (IOException e) {
        return "";
      }
    }
  }
}
