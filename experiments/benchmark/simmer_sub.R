# The sub-network in simmer: four classes with priority, and a space kept until the next service has one.
# Called with days, seed, arrivals a day, four shares of acuity, the share admitted, three shares onward, five
# capacities, then mean and standard deviation of the logarithm of the time in each of the five services [min].
suppressPackageStartupMessages(library(simmer))
asked <- as.numeric(commandArgs(trailingOnly = TRUE))
days <- asked[1]
set.seed(asked[2])
per_day <- asked[3]
acuity <- asked[4:7]
admitted <- asked[8]
onward <- asked[9:11]
capacity <- asked[12:16]
logs <- matrix(asked[17:26], ncol = 2, byrow = TRUE)
services <- c("ae", "ward", "p1", "p2", "p3")

stay <- function(i) function() rlnorm(1, logs[i, 1], logs[i, 2])
after <- function(i) {
  trajectory() %>% seize(services[i]) %>% release("ward") %>% timeout(stay(i)) %>% release(services[i])
}
home <- trajectory() %>% release("ward")
bed <- trajectory() %>%
  seize("ward") %>%
  release("ae") %>%
  timeout(stay(2)) %>%
  branch(function() findInterval(runif(1), cumsum(onward)) + 1, continue = FALSE, after(3), after(4), after(5), home)
out <- trajectory() %>% release("ae")
patient <- trajectory() %>%
  seize("ae") %>%
  timeout(stay(1)) %>%
  branch(function() if (runif(1) < admitted) 1 else 2, continue = FALSE, bed, out)

began <- proc.time()
town <- simmer()
for (i in seq_along(services)) town <- town %>% add_resource(services[i], capacity[i])
arrivals <- function(share) function() rexp(1, per_day * share / 1440)
# A greater number goes first here.
for (i in 1:4) {
  town <- town %>% add_generator(paste0("class", i, "_"), patient, arrivals(acuity[i]), priority = 4 - i)
}
town <- town %>% run(1440 * days)
seen <- get_mon_arrivals(town, per_resource = TRUE)
spent <- sum((proc.time() - began)[c(1, 2)])

came <- sum(sapply(1:4, function(i) get_n_generated(town, paste0("class", i, "_"))))
ae <- seen[seen$resource == "ae", ]
ward <- seen[seen$resource == "ward", ]
not_cared_for <- function(rows) mean(rows$end_time - rows$start_time - rows$activity_time)
cat(spent, came, nrow(ae), nrow(ward), not_cared_for(ae), not_cared_for(ward), "\n")
