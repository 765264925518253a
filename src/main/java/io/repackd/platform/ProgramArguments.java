package io.repackd.platform;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What a process was told, in three words. */
final class ProgramArguments {
  private static final int MAX_WORDS = 3;

  /** Options before git's command whose argument is a word of its own. Source: git(1). */
  private static final Set<String> GIT_OPTIONS_WITH_ARGUMENT =
      Set.of(
          "-C",
          "-c",
          "--attr-source",
          "--config-env",
          "--git-dir",
          "--namespace",
          "--super-prefix",
          "--work-tree");

  private ProgramArguments() {}

  /**
   * The name of the program and the first of what it was told, joined by blanks; for git without the options before the command, so
   * that the command is the second word.
   */
  static String of(List<String> words) {
    List<String> said = new ArrayList<>();
    String program = words.getFirst().substring(words.getFirst().lastIndexOf('/') + 1);
    int next = 1;
    if (program.startsWith("git-")) {
      said.addAll(List.of("git", program.substring("git-".length())));
    } else {
      said.add(program);
      next = program.equals("git") ? commandOfGit(words) : 1;
    }
    while (next < words.size() && said.size() < MAX_WORDS) {
      said.add(words.get(next++));
    }
    return String.join(" ", said);
  }

  /** Where the command stands: {@code git -C PATH -c KEY=VALUE --git-dir=PATH gc}. */
  private static int commandOfGit(List<String> words) {
    int next = 1;
    while (next < words.size() && words.get(next).startsWith("-")) {
      next += GIT_OPTIONS_WITH_ARGUMENT.contains(words.get(next)) ? 2 : 1;
    }
    return next;
  }
}
