package io.repackd;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Method;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A program of ours in a process of its own, which is killed just before one of its changes to a directory: the same one each
 * time, because a debugger stops the process there.
 */
public final class KilledProgram {
  /** The calls by which names come, go and change. */
  private static final Set<String> CHANGES =
      Set.of("createLink", "delete", "deleteIfExists", "move");

  private final List<String> programAndArguments;
  private final Map<String, String> environment;
  private final String begins;

  /**
   * A program.
   *
   * @param programAndArguments the main class, and what it is told
   * @param begins the class from whose first use on changes are counted
   */
  public KilledProgram(
      List<String> programAndArguments, Map<String, String> environment, String begins) {
    this.programAndArguments = List.copyOf(programAndArguments);
    this.environment = Map.copyOf(environment);
    this.begins = begins;
  }

  /**
   * Runs it.
   *
   * @param change which change it does not come to: 1 is the first
   * @return whether it was killed; false if it ended before, because it makes fewer changes
   */
  public boolean run(int change) throws Exception {
    Process process = start();
    try (BufferedReader output = process.inputReader()) {
      VirtualMachine machine = attach(portOf(output.readLine()));
      ClassPrepareRequest prepared = machine.eventRequestManager().createClassPrepareRequest();
      prepared.addClassFilter(begins);
      prepared.enable();
      Thread.ofVirtual().start(() -> drain(output));
      machine.resume();
      return killAt(change, machine, process);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start() throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:0",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(programAndArguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** So that it never waits for somebody to read what it says. */
  private static void drain(BufferedReader output) {
    try {
      output.transferTo(Writer.nullWriter());
    } catch (IOException e) {
      // it was killed
    }
  }

  private static String portOf(String line) {
    return line.substring(line.lastIndexOf(' ') + 1);
  }

  private static VirtualMachine attach(String port)
      throws IOException, IllegalConnectorArgumentsException {
    AttachingConnector sockets =
        Bootstrap.virtualMachineManager().attachingConnectors().stream()
            .filter(connector -> connector.transport().name().equals("dt_socket"))
            .findFirst()
            .orElseThrow();
    Map<String, Connector.Argument> arguments = sockets.defaultArguments();
    arguments.get("hostname").setValue("127.0.0.1");
    arguments.get("port").setValue(port);
    return sockets.attach(arguments);
  }

  private static boolean killAt(int change, VirtualMachine machine, Process process)
      throws InterruptedException {
    int changes = 0;
    try {
      while (true) {
        EventSet events = machine.eventQueue().remove();
        for (Event event : events) {
          if (event instanceof ClassPrepareEvent) {
            stopAtChanges(machine);
          } else if (event instanceof BreakpointEvent && ++changes == change) {
            process.destroyForcibly().waitFor(); // suspended, so it does nothing more
            return true;
          }
        }
        events.resume();
      }
    } catch (VMDisconnectedException e) {
      return false;
    }
  }

  private static void stopAtChanges(VirtualMachine machine) {
    for (ReferenceType files : machine.classesByName(Files.class.getName())) {
      for (Method method : files.methods()) {
        if (CHANGES.contains(method.name())) {
          BreakpointRequest request =
              machine.eventRequestManager().createBreakpointRequest(method.location());
          request.enable();
        }
      }
    }
  }
}
