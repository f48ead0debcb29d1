// Strangers who attack a listener.
#pragma once

#include "swarm.h"
#include "target.h"

#include <string>
#include <vector>

namespace active_calls::hostile {

struct Listener {
    std::string name;
    sockaddr_in address;
};
Listener listener_of(const Target& target, const std::string& name);

struct Kind {
    std::string name;
    SwarmSettings settings;
};
std::vector<Kind> kinds(const Target& target, const Listener& listener);

} // namespace active_calls::hostile
