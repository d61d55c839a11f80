// `kubectl describe`: each description becomes an object in the API's shape, its "Events:" become events.
//
// Source: k8s.io/kubectl/pkg/describe/describe.go, releases 1.8 to 1.33. What the API has no field for stands
// under names of its own: "allocated" (a node's requests and limits), usage of a quota in status.used.
#pragma once

#include <cstdint>
#include <string>

#include "room/bundle/kubectl_invocation.h"
#include "room/bundle/kubectl_tree.h"
#include "room/inventory/inventory.h"

namespace carrel::kubectl {

// True where a description begins at `line`: "Name:" in the first column with a name behind it.
bool begins_description(const Document& document, std::uint32_t line);

// Reads the one that begins at `line`; returns the line after it.
std::uint32_t read_description(Inventory* inventory, const Document& document, std::uint32_t line,
                               const Invocation& command, bool* recognised);

// Reads a whole file that is cut out of a description (no "Name:"), where its name says of which object.
// False where it says too little.
bool read_description_fragment(Inventory* inventory, const Document& document, const Invocation& command);

// Fill in what a description of that kind tells beyond metadata.
void describe_pod(const Part& root, Value* object);
// "Pod Template:" with its labels and containers, into an object's template.
void describe_pod_template(const Part& part, Value* pod_template);
// The kinds that hold pods: deployment, replicaset, statefulset, daemonset, job, cronjob,
// replicationcontroller.
bool describe_workload(const std::string& kind, const Part& root, Value* object);
// Services and what is around them: service, endpoints, ingress, networkpolicy.
bool describe_network(const std::string& kind, const Part& root, Value* object);
// All others that are known; false where the kind is not.
bool describe_other(const std::string& kind, const Part& root, Value* object);
// A kind of somebody's own: kubectl prints the object itself, its keys spread to words.
void describe_custom(const Part& root, Value* object);

// "Conditions:" as status.conditions.
void describe_conditions(const Part& part, Value* object);
// Lines of "key=value" (labels, node selectors) as an object's members.
void describe_pairs(const Part& part, std::initializer_list<std::string_view> path, Value* object);
void describe_tolerations(const Part& part, std::initializer_list<std::string_view> path, Value* object);

}  // namespace carrel::kubectl
