package io.repackd.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads an address and port without asking any name server. */
final class ListenAddress {
  private static final Pattern FORM = Pattern.compile("(?:\\[([^\\]]*)\\]|([^:]*)):(\\d{1,5})");

  private static final int MAX_PORT = 65_535;

  private static final String EXAMPLE = "give an address and a port such as 127.0.0.1:9842";

  private ListenAddress() {}

  /**
   * Reads {@code 127.0.0.1:9842}, {@code [::1]:9842} or {@code localhost:9842}.
   *
   * @throws IllegalArgumentException if it is anything else; the message is for a person
   */
  static InetSocketAddress parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      String hint =
          text.chars().filter(c -> c == ':').count() > 1 ? " (IPv6 in brackets: [::1]:9842)" : "";
      throw new IllegalArgumentException(text + " is no address with a port; " + EXAMPLE + hint);
    }
    int port = Integer.parseInt(form.group(3));
    if (port > MAX_PORT) {
      throw new IllegalArgumentException(
          text + ": port " + port + " is more than the most, " + MAX_PORT);
    }
    String host = form.group(1) == null ? form.group(2) : form.group(1);
    return new InetSocketAddress(address(text, host), port);
  }

  private static InetAddress address(String text, String host) {
    if (host.equals("localhost")) {
      return InetAddress.getLoopbackAddress();
    }
    if (host.isEmpty()) {
      throw new IllegalArgumentException(
          text + " has no address; " + EXAMPLE + " (0.0.0.0 for all addresses)");
    }
    try {
      return InetAddress.ofLiteral(host);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          text + ": " + host + " is no IP address; host names are not looked up", e);
    }
  }
}
