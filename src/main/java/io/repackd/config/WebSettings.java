package io.repackd.config;

import java.net.InetSocketAddress;

/**
 * Settings of the HTTP server.
 *
 * @param enabled whether there is one
 * @param listen the address and port; port 0 takes any free one
 */
public record WebSettings(boolean enabled, InetSocketAddress listen) {}
