package io.repackd.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The repackd that is measured, as an installation has it.
 *
 * @param home the directory of it, {@code target/repackd}
 * @param java the {@code java} to run it with
 * @param classes where the benchmark itself is
 * @param startUpCache the cache of loaded classes that fits its jars
 */
record Distribution(Path home, Path java, Path classes, Optional<Path> startUpCache) {
  /** The launcher. */
  Path launcher() {
    return home.resolve("bin/repackd");
  }

  /** How the launcher starts the JVM of a daemon, but for the class path. */
  List<String> daemonJvm() {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    for (String options : List.of("jvm.options", "jvm-run.options")) {
      if (Files.exists(home.resolve(options))) {
        command.add("@" + home.resolve(options));
      }
    }
    return command;
  }

  /** The jar, which leads to the libraries, first: a start-up cache fits only what begins with it. */
  String classPath() {
    return home.resolve("lib/repackd.jar") + ":" + classes;
  }

  /** What makes the JVM use the start-up cache; nothing if there is none. */
  List<String> startUpOptions() {
    return startUpCache.map(cache -> List.of("-XX:AOTCache=" + cache)).orElse(List.of());
  }
}
