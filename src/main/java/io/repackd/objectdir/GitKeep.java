package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A {@code .keep} file of a push or a fetch, which git removes when its references are in place, and which stays if it dies. */
public final class GitKeep {
  private static final Pattern OWNER =
      Pattern.compile("((?:receive|fetch)-pack) ([1-9]\\d{0,17}) on (\\S+)");

  private GitKeep() {}

  /**
   * Who left it behind, if its process was one of this host and has ended. Hosts are told by their names alone, as git does; that
   * is enough to say so, and not to remove it.
   *
   * @return in words; empty if it is another's, or its process may still live
   */
  public static Optional<String> abandonedBy(Path keep) throws IOException {
    Matcher owner = OWNER.matcher(KeepFile.read(keep).lines().findFirst().orElse(""));
    return owner.matches()
            && owner.group(3).equals(ProcessStamp.own().host())
            && ProcessHandle.of(Long.parseLong(owner.group(2))).isEmpty()
        ? Optional.of("%s (process %s)".formatted(owner.group(1), owner.group(2)))
        : Optional.empty();
  }
}
